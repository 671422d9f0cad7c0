using YamlDotNet.RepresentationModel;

namespace Tidelock.Changes;

/// <summary>A node of a change file with its position; reading it wrongly adds a mistake and gives a default.</summary>
public sealed class ChangeNode
{
    internal ChangeNode(YamlNode? node) => Node = node;

    internal YamlNode? Node { get; }

    /// <summary>Whether the author wrote it.</summary>
    public bool Exists => Node is not null;
}
