using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Globalization;
using System.Text;
using Tidelock.Cli.Rendering;
using Tidelock.Cli.Verbs;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>Builds the verbs, runs the one that was typed, and turns whatever goes wrong into a message and an exit code.</summary>
internal static class CommandLine
{
    public static async Task<ExitCode> RunAsync(string[] arguments, CancellationToken cancellation)
    {
        var variables = ProcessVariables.Read();
        var charset = Charset(variables);
        var texts = TerminalCharset.HasKorean(charset)
            ? TextCatalog.For(Language.Of(arguments, variables))
            : TextCatalog.English;
        CultureInfo.CurrentUICulture = CultureInfo.GetCultureInfo(texts.Language);
        await using var terminal = new Terminal(texts, variables, Array.IndexOf(arguments, "--no-color") >= 0);
        try
        {
            return await InvokeAsync(arguments, terminal, variables, cancellation);
        }
        catch (TidelockException e)
        {
            return Ended(e.ExitCode, e.Problem, arguments, terminal);
        }
        catch (Exception e)
        {
            var note = await CrashNote.WriteAsync(e, variables);
            return Ended(ExitCode.NeedsPerson, note, arguments, terminal);
        }
    }

    /// <summary>The characters that standard output takes, set where they are not the usual ones: a file or a pipe takes all, whatever the locale says.</summary>
    private static Encoding Charset(IReadOnlyDictionary<string, string> variables)
    {
        var named = TerminalCharset.Of(variables);
        if (named.CodePage == Encoding.UTF8.CodePage)
        {
            return named;
        }

        return Console.OutputEncoding = Console.IsOutputRedirected ? Encoding.UTF8 : named;
    }

    /// <summary>People read standard error; a machine that reads standard output must not find it without an end.</summary>
    private static ExitCode Ended(ExitCode exitCode, Message problem, string[] arguments, Terminal terminal)
    {
        terminal.Problem(problem);
        if (Array.IndexOf(arguments, "--json") >= 0)
        {
            EndLine.Of(exitCode, problem, terminal.Texts).Print(terminal);
        }

        return exitCode;
    }

    private static async Task<ExitCode> InvokeAsync(
        string[] arguments,
        Terminal terminal,
        IReadOnlyDictionary<string, string> variables,
        CancellationToken cancellation
    )
    {
        var options = new CommonOptions(terminal.Texts);
        var root = Root(options, terminal, variables);
        var parsed = root.Parse(AsOption(arguments));
        if (parsed.Action is ParseErrorAction)
        {
            return Mistaken(parsed, terminal);
        }

        var configuration = new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
            Output = terminal.Output,
            Error = terminal.Errors,
        };
        return (ExitCode)await parsed.InvokeAsync(configuration, cancellation);
    }

    /// <summary><c>tidelock help deploy</c> is <c>tidelock deploy --help</c>.</summary>
    private static string[] AsOption(string[] arguments) =>
        arguments is ["help", .. var verb] ? [.. verb, "--help"] : arguments;

    /// <summary>All verbs, in the order in which a change goes through them.</summary>
    internal static RootCommand Root(
        CommonOptions options,
        Terminal terminal,
        IReadOnlyDictionary<string, string> variables
    )
    {
        var texts = terminal.Texts;
        var root = new RootCommand($"{texts.Render("cli.about")}\n\n{texts.Render("cli.exit-codes")}")
        {
            HelpName = "tidelock",
        };
        VerbContext At(ParseResult parsed) => new(parsed, options, terminal, variables);
        options.AddTo(root);
        foreach (
            var verb in (ReadOnlySpan<Verb>)
                [
                    new DemoVerb(texts, At),
                    new CheckVerb(texts, At),
                    new PlanVerb(texts, At),
                    new RehearseVerb(texts, At),
                    new ApproveVerb(texts, At),
                    new DenyVerb(texts, At),
                    new NotifyVerb(texts, At),
                    new AnnounceVerb(texts, At),
                    new DeployVerb(texts, At),
                    new StatusVerb(texts, At),
                    new WatchVerb(texts, At),
                    new PauseVerb(texts, At),
                    new ContinueVerb(texts, At),
                    new ExtendVerb(texts, At),
                    new BoundVerb(texts, At),
                    new AbortVerb(texts, At),
                    new CommandsVerb(texts, At),
                    new ResumeVerb(texts, At),
                    new RollbackVerb(texts, At),
                    new SoakVerb(texts, At),
                    new VerifyVerb(texts, At),
                    new LockVerb(texts, At),
                    new UnlockVerb(texts, At),
                    new DiagnoseVerb(texts, At),
                    new ReportVerb(texts, At),
                    new AnchorVerb(texts, At),
                    new EvidenceVerb(texts, At),
                    new HistoryVerb(texts, At),
                    new SchemaVerb(texts, At),
                    new CompletionVerb(texts, At),
                    new VersionVerb(texts, At),
                ]
        )
        {
            root.Add(verb);
        }

        root.SetAction(parsed =>
        {
            new HelpAction().Invoke(parsed);
            return (int)ExitCode.Mistake;
        });
        return root;
    }

    private static ExitCode Mistaken(ParseResult parsed, Terminal terminal)
    {
        foreach (var error in parsed.Errors)
        {
            terminal.Errors.WriteLine(Secrets.OfProcess.Scrub(error.Message));
        }

        var command = parsed.CommandResult.Command;
        var name = command is RootCommand ? "tidelock" : $"tidelock {command.Name}";
        terminal.Problem(Message.Of("cli.see-help", ("command", name)));
        return ExitCode.Mistake;
    }
}
