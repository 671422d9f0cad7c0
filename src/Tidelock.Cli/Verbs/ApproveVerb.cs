using System.CommandLine;
using Tidelock.Changes;
using Tidelock.Gates;
using Tidelock.Signatures;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>A person approves a change for an environment, vouches for another gate, or takes either back. Needs no database.</summary>
internal sealed class ApproveVerb : Verb
{
    private readonly ChangeOptions change;
    private readonly Option<string> gate;
    private readonly Option<string?> note;
    private readonly Option<string?> key;
    private readonly Option<bool> withdraw;

    public ApproveVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("approve", texts.Render("cli.approve.help"), at)
    {
        change = new ChangeOptions(texts);
        change.AddTo(this);
        Add(
            gate = new Option<string>("--gate")
            {
                Description = texts.Render("cli.approve.gate"),
                HelpName = "NAME",
                DefaultValueFactory = _ => "approval",
            }
        );
        Add(note = new Option<string?>("--note") { Description = texts.Render("cli.option.note"), HelpName = "TEXT" });
        Add(key = SigningKey.Make(texts));
        Add(withdraw = new Option<bool>("--withdraw") { Description = texts.Render("cli.approve.withdraw") });
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        if (change.ReadWithoutDatabase(context) is not var (read, environment))
        {
            return EndLine.PrintMistaken(context);
        }

        var by = await Person.OfAsync(context.Arguments.GetValue(change.By), context.Variables, cancellation);
        var services = await context.ServicesAsync(cancellation);
        var words = new GateWords(context, services, read, environment);
        var name = context.Arguments.GetRequiredValue(gate);
        var said = context.Arguments.GetValue(note) ?? "";
        if (context.Arguments.GetValue(withdraw))
        {
            await words.WithdrawAsync(name, by, said, cancellation);
            Tell(context, "cli.approve.withdrawn", read, name, environment, by);
        }
        else if (name == ApprovalGate.Key)
        {
            var file = await KeyAsync(context, read, cancellation);
            var (approval, shown) = await words.ApproveAsync(by, said, file, cancellation);
            Tell(context, "cli.approve.done", read, name, environment, by);
            context.Terminal.Say(
                approval.Signature is null
                    ? Message.Of("cli.approve.unsigned")
                    : Message.Of("cli.approve.signed", ("key", SshSignature.KeyOf(approval.Signature)))
            );
            if (shown is not null)
            {
                context.Terminal.Say(Message.Of("cli.approve.shown", ("at", shown.At), ("by", shown.By)));
            }
        }
        else
        {
            await words.ConfirmAsync(name, by, said, cancellation);
            Tell(context, "cli.approve.done", read, name, environment, by);
        }

        return ExitCode.Done;
    }

    /// <summary>Nobody signs unasked: with a key that is named, or where the policy names signers.</summary>
    private async Task<string?> KeyAsync(VerbContext context, Change read, CancellationToken cancellation)
    {
        var named = context.Arguments.GetValue(key);
        return named is null && read.Section<GateOptions>().Policy?.Signers is null
            ? null
            : await SigningKey.OfAsync(named, context.Variables, cancellation);
    }

    private static void Tell(
        VerbContext context,
        string code,
        Change read,
        string gate,
        string environment,
        string by
    ) =>
        context.Terminal.Say(
            Message.Of(
                code,
                ("gate", gate),
                ("by", by),
                ("change", read.Name),
                ("environment", environment),
                ("digest", read.Digest[..12])
            )
        );
}
