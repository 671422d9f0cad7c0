using System.CommandLine;
using Tidelock.Evidence;
using Tidelock.Evidence.Bundles;
using Tidelock.Runs;
using Tidelock.Signatures;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Signs what a run and the time after it came to, in a file for a machine that cannot read this journal; or looks at such a file.</summary>
internal sealed class EvidenceVerb : Verb
{
    private readonly Argument<string?> run;
    private readonly Option<string?> key;
    private readonly Option<string?> file;
    private readonly Option<string?> check;
    private readonly Option<string?> signers;

    public EvidenceVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("evidence", texts.Render("cli.evidence.help"), at)
    {
        Add(run = RunArgument.Make(texts, texts.Render("cli.evidence.run")));
        Add(key = SigningKey.Make(texts));
        Add(file = Named("--out", "FILE", texts.Render("cli.report.out")));
        Add(check = Named("--check", "FILE", texts.Render("cli.evidence.check")));
        Add(signers = Named("--signers", "FILE", texts.Render("cli.evidence.signers")));
        Validators.Add(result =>
        {
            if (result.GetValue(check) is not null && result.GetValue(key) is not null)
            {
                result.AddError(texts.Render("cli.evidence.either"));
            }
            else if (result.GetValue(check) is null != result.GetValue(signers) is null)
            {
                result.AddError(texts.Render("cli.evidence.whose"));
            }
        });
    }

    protected override Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation) =>
        context.Arguments.GetValue(check) is { } path
            ? CheckAsync(context, path, cancellation)
            : SignAsync(context, cancellation);

    private async Task<ExitCode> SignAsync(VerbContext context, CancellationToken cancellation)
    {
        var named = context.Arguments.GetValue(key);
        if (await SigningKey.OfAsync(named, context.Variables, cancellation) is not { } keyFile)
        {
            return EndLine.Show(context, ExitCode.Mistake, Message.Of("cli.evidence.no-key"));
        }

        var journal = await context.JournalAsync(cancellation);
        var id = await RunArgument.FindAsync(
            journal,
            context.Arguments.GetValue(run),
            s => s.Result is RunResult.Completed,
            cancellation
        );
        var entries = await RunReader.EntriesAsync(journal, id, cancellation);
        var chain = ChainVerification.Of(entries);
        if (!chain.IsSound)
        {
            return EndLine.Show(context, ExitCode.NeedsPerson, chain.Messages[0]);
        }

        var statement = await EvidenceStatement.OfAsync(journal, entries, context.Time.GetUtcNow(), cancellation);
        if (statement is null)
        {
            return EndLine.Show(context, ExitCode.NeedsPerson, Message.Of("evidence.no-header"));
        }

        var signed = await EvidenceBundle.SignAsync(statement, keyFile, cancellation);
        if (context.Arguments.GetValue(file) is not { } path)
        {
            context.Terminal.Print(signed);
            return ExitCode.Done;
        }

        await OutputFile.WriteAsync(path, signed, cancellation);
        return EndLine.Show(
            context,
            ExitCode.Done,
            Message.Of("cli.evidence.written", ("file", path), ("run", id), ("looks", statement.Predicate.Soak.Count))
        );
    }

    private async Task<ExitCode> CheckAsync(VerbContext context, string path, CancellationToken cancellation)
    {
        var (bundle, problem) = await EvidenceBundle.ReadAsync(
            path,
            new AllowedSigners(context.Arguments.GetValue(signers)!),
            context.Time.GetUtcNow(),
            cancellation
        );
        if (bundle is null)
        {
            return EndLine.Show(context, ExitCode.Refused, problem!);
        }

        if (context.Json)
        {
            context.Terminal.Print(bundle.Statement.ToJson() + "\n");
            return ExitCode.Done;
        }

        var predicate = bundle.Statement.Predicate;
        context.Terminal.Say(
            Message.Of(
                "cli.evidence.good",
                ("by", bundle.SignedBy),
                ("made", predicate.MadeAt),
                ("environment", predicate.Environment),
                ("target", predicate.Target),
                ("result", context.Terminal.Words.Of(predicate.Result).Word),
                ("looks", predicate.Soak.Count)
            )
        );
        foreach (var subject in bundle.Statement.Subject)
        {
            context.Terminal.Say(
                Message.Of("cli.evidence.subject", ("name", subject.Name), ("digest", subject.Digest.Sha256))
            );
        }

        return ExitCode.Done;
    }

    private static Option<string?> Named(string name, string value, string description) =>
        new(name) { Description = description, HelpName = value };
}
