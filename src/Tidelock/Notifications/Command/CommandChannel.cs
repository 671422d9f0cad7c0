using System.Text;
using Tidelock.Notifications.Http;
using Tidelock.Notifications.Sending;
using Tidelock.Notifications.Words;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Notifications.Command;

/// <summary>Runs a program for every notice, one after the other, until it has ended with exit code 0.</summary>
internal sealed class CommandChannel(CommandOptions options, ChannelContext context) : IChannel
{
    private const int LongestWords = 2000;

    /// <summary>So often one notice is tried while newer ones wait.</summary>
    private const int MostTries = 3;

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly NoticeWords words = new(options.Language);

    private readonly EventCursor cursor = new();
    private long? stuck;
    private int tries;

    public async Task<Delivery> TellAsync(NoticeView view, IReadOnlyList<Notice> news, CancellationToken cancellation)
    {
        var (sent, refused) = (false, (Message?)null);
        var told = Told(view, news).ToList();
        foreach (var notice in told)
        {
            if (await RunAsync(view, notice, cancellation).ConfigureAwait(false) is { } problem)
            {
                tries = stuck == notice.Entry?.Sequence ? tries + 1 : 1;
                stuck = notice.Entry?.Sequence;
                refused ??= problem;
                if (tries < MostTries || ReferenceEquals(notice, told[^1]))
                {
                    return Delivery.Failed(cursor.Identifiers(view), problem);
                }
            }

            cursor.Took(notice);
            sent = true;
        }

        return refused is not null ? Delivery.Failed(cursor.Identifiers(view), refused)
            : sent ? Delivery.Sent(cursor.Identifiers(view))
            : Delivery.Nothing;
    }

    /// <summary>Whether the program is there; it is not run.</summary>
    public Task<ChannelAnswer> AskAsync(CancellationToken cancellation) =>
        Task.FromResult(
            ProgramPaths.Find(Path) is { } found
                ? new ChannelAnswer(true, Message.Of("notifications.command.there", ("program", found)))
                : new ChannelAnswer(false, Message.Of("programs.not-found", ("program", Path)))
        );

    public IReadOnlyList<PreviewedNotice> Preview(NoticeView view, IReadOnlyList<Notice> news) =>
        [
            .. Told(view, news)
                .Select(n => new PreviewedNotice(
                    string.Join(' ', options.Words),
                    ApiJson.Readable(CommandNotice.Of(view, n, words))
                )),
        ];

    /// <summary>A path is one from the change's folder, where the program runs.</summary>
    private string Path =>
        options.Words[0].Contains('/', StringComparison.Ordinal)
            ? System.IO.Path.GetFullPath(options.Words[0], context.Folder)
            : options.Words[0];

    private IEnumerable<Notice> Told(NoticeView view, IReadOnlyList<Notice> news) =>
        news.Where(n => n.Moment is not Moment.Detail && cursor.IsNew(view, n));

    /// <summary>Null where the program took the notice.</summary>
    private async Task<Message?> RunAsync(NoticeView view, Notice notice, CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(options.Within, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        var (output, errors) = (new BoundedText(LongestWords), new BoundedText(LongestWords));
        try
        {
            var exit = await Program(view, notice)
                .RunAsync(output.FillAsync, errors.FillAsync, either.Token)
                .ConfigureAwait(false);
            var said = errors.Words is { Length: > 0 } wrong ? wrong : output.Words;
            return exit == 0 ? null : Message.Of("notifications.command.failed", ("exit", exit), ("words", said));
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            return Message.Of("notifications.no-answer", ("limit", options.Within));
        }
        catch (TidelockException e)
        {
            return e.Problem;
        }
    }

    private ChildProgram Program(NoticeView view, Notice notice) =>
        new(Path, [.. options.Words.Skip(1)], NoVariables, context.Folder)
        {
            Grace = Grace,
            Input = Encoding.UTF8.GetBytes(ApiJson.Readable(CommandNotice.Of(view, notice, words)) + "\n"),
        };

    private static IReadOnlyDictionary<string, string?> NoVariables { get; } =
        new Dictionary<string, string?>(StringComparer.Ordinal);
}
