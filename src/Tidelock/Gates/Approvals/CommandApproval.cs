using Tidelock.Changes;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Gates.Approvals;

/// <summary>
/// <c>command: [./ticket, CHG-123]</c>, or <c>{ run: […], environment: [JIRA_TOKEN] }</c>: a program that asks a ticket system and prints a
/// <see cref="TicketAnswer"/>. It runs before anybody has approved it, so it gets no variable that is not named.
/// </summary>
/// <param name="Command">The program and its arguments.</param>
/// <param name="Given">The names of the variables it gets of ours.</param>
/// <param name="Folder">Where it runs: the folder of the file that names it.</param>
internal sealed record CommandApproval(EquatableWords Command, EquatableWords Given, string Folder) : ApprovalSource
{
    private const int LongestOutput = 64 * 1024;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static CommandApproval? Read(ChangeNode node)
    {
        if (!node.IsList && !node.Only("run", "environment").IsMapping)
        {
            return null;
        }

        var run = node.IsList ? node : node["run"];
        if (!run.Require())
        {
            return null;
        }

        var words = run.Program();
        if (run.IsList && words.Count == 0)
        {
            run.Mistake(Message.Of("probes.command.empty"));
        }

        var given = node["environment"].Exists ? node["environment"].Items.Select(Variable).ToList() : [];
        return words.Count == 0 || words.Contains("", StringComparer.Ordinal)
            ? null
            : new CommandApproval(new EquatableWords(words), new EquatableWords(given), node.Context.Files.Folder);
    }

    /// <summary>The name of a variable, which must be there.</summary>
    private static string Variable(ChangeNode node)
    {
        var name = node.Text();
        var (value, isThere) = node.Context.Variables.Expand($"${{{name}}}", node.Mistake);
        if (isThere)
        {
            Secrets.OfProcess.Add(GivenVariable.SecretOf(name, value));
        }

        return name;
    }

    public override Message Asks =>
        Message.Of(
            "gates.approval.asks.program",
            ("program", string.Join(' ', Command.Words)),
            ("variables", Given.Words.Count == 0 ? "-" : string.Join(", ", Given.Words))
        );

    internal override async Task<SourceFinding> AskAsync(
        GateContext context,
        ApprovalGround ground,
        CancellationToken cancellation
    )
    {
        var name = Path.GetFileName(Command.Words[0]);
        using var deadline = new CancellationTokenSource(Limit, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        var (output, errors) = (new BoundedText(LongestOutput), new BoundedText(LongestOutput));
        try
        {
            var program = new ChildProgram(
                Command.Words[0],
                [.. Command.Words.Skip(1)],
                new Dictionary<string, string?>(ProcessVariables.AllBut(Given.Words), StringComparer.Ordinal)
                {
                    ["TIDELOCK_CHANGE"] = context.Change.Name,
                    ["TIDELOCK_DIGEST"] = context.Change.Digest,
                    ["TIDELOCK_ENVIRONMENT"] = context.TargetEnvironment.Name,
                },
                Folder
            );
            var exit = await program.RunAsync(output.FillAsync, errors.FillAsync, either.Token).ConfigureAwait(false);
            return exit == 0
                ? TicketAnswer.Judge(name, output.Text, context, ground)
                : Failed(Message.Of("gates.approval.ticket.exit", ("exit", exit), ("words", errors.Words)));
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            return Failed(Message.Of("gates.approval.ticket.slow", ("limit", Limit)));
        }
        catch (TidelockException e)
        {
            return Failed(e.Problem);
        }

        SourceFinding Failed(Message problem) =>
            new(false, Message.Of("gates.approval.ticket.failed", ("source", name), ("problem", problem)));
    }
}

/// <summary>Words that are the same when each of them is.</summary>
internal sealed record EquatableWords(IReadOnlyList<string> Words)
{
    public bool Equals(EquatableWords? other) =>
        other is not null && Words.SequenceEqual(other.Words, StringComparer.Ordinal);

    public override int GetHashCode() => string.Join('\n', Words).GetHashCode(StringComparison.Ordinal);
}
