using Tidelock.Cli;

return (int)await CommandLine.RunAsync(args, CancellationToken.None);
