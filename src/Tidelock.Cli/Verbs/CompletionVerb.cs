using System.CommandLine;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Prints what a shell needs to complete verbs and options; the answers come from the parser itself.</summary>
internal sealed class CompletionVerb : Verb
{
    private readonly Argument<string> shell;

    public CompletionVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("completion", texts.Render("cli.completion.help"), at)
    {
        shell = new Argument<string>("SHELL") { Description = texts.Render("cli.completion.shell") };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        Add(shell);
    }

    protected override Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        context.Terminal.Print(
            context.Arguments.GetRequiredValue(shell) switch
            {
                "bash" => Bash,
                "zsh" => Zsh,
                _ => Fish,
            }
        );
        return Task.FromResult(ExitCode.Done);
    }

    private const string Bash = """
        # ~/.bashrc: source <(tidelock completion bash)
        _tidelock() {
            local IFS=$'\n'
            COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _tidelock tidelock

        """;

    private const string Zsh = """
        # ~/.zshrc: source <(tidelock completion zsh)
        _tidelock() {
            local -a found
            found=("${(@f)$("${words[1]}" "[suggest:${CURSOR}]" "${BUFFER}" 2>/dev/null)}")
            [ -n "${found[1]}" ] && compadd -a found || _files
        }
        compdef _tidelock tidelock

        """;

    private const string Fish = """
        # ~/.config/fish/config.fish: tidelock completion fish | source
        complete -c tidelock -a '(set -l line (commandline -cp); tidelock "[suggest:"(string length -- $line)"]" "$line" 2>/dev/null)'

        """;
}
