using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Policies;

/// <summary>A rule of the policy, as a refusal names it.</summary>
/// <param name="File">The policy file.</param>
/// <param name="Line">From 1.</param>
/// <param name="Rule">What it says, for example <c>production.gates.approval.required: 2</c>.</param>
public sealed record PolicyRule(string File, int Line, string Rule)
{
    /// <summary>What stands at a node; a gate with settings and no level is required.</summary>
    internal static PolicyRule At(ChangeNode node)
    {
        var value =
            node.Scalar is { } scalar ? scalar.Text
            : node.IsList ? $"[{string.Join(", ", node.Items.Select(i => i.Scalar?.Text))}]"
            : "required";
        var key = node.Key[(node.Key.IndexOf('.', StringComparison.Ordinal) + 1)..];
        return new PolicyRule(node.Context.Mistakes.File, node.At.Line, $"{key}: {value}");
    }

    /// <summary><c>tidelock.yaml:7 says …</c></summary>
    public Message Text => Message.Of("policies.rule", ("file", File), ("line", Line), ("rule", Rule));
}
