using System.Text;
using Tidelock.Texts;

namespace Tidelock.Changes;

/// <summary>Reads a change from its folder and finds all its mistakes at once. Reads files only; nothing is connected to.</summary>
/// <param name="sections">The sections in the order in which they are read: a later one may look at an earlier one's options.</param>
public sealed class ChangeLoader(IReadOnlyList<IChangeSection> sections)
{
    /// <summary>The file a change's folder must have.</summary>
    public const string FileName = "change.yaml";

    private const long LargestFile = 1024 * 1024;

    /// <summary>Reads a change.</summary>
    /// <param name="pathToFolderOrFile">Its folder, or the file itself.</param>
    /// <param name="environment">
    /// The environment it is read for: its own keys are laid over the change's, and its variables must be there. With null the
    /// change's own keys count, every environment is still checked, and missing variables are no mistake.
    /// </param>
    /// <param name="variables">
    /// What <c>${VAR}</c> stands for: the process environment. Null on a machine that does not go to the database: none is put in, and none is missed.
    /// </param>
    public ChangeReading Load(
        string pathToFolderOrFile,
        string? environment,
        IReadOnlyDictionary<string, string>? variables
    )
    {
        var file = FileOf(pathToFolderOrFile);
        var mistakes = new MistakeList(file);
        if (ReadText(file, mistakes) is not { } text || ChangeParser.Parse(text, mistakes) is not { } parsed)
        {
            return new ChangeReading(null, mistakes.Sorted());
        }

        if (parsed is not ChangeMapping root)
        {
            mistakes.Add(parsed.At, Message.Of("changes.root", ("found", ScalarKinds.Word(parsed))));
            return new ChangeReading(null, mistakes.Sorted());
        }

        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        var reader = new DocumentReader(sections, root, new ChangeFiles(folder), mistakes, variables);
        var change = reader.Read(environment, new ChangeFile(Path.GetFileName(file), text));
        return new ChangeReading(change, mistakes.Sorted());
    }

    private static string FileOf(string path)
    {
        var file = Directory.Exists(path) ? Path.Combine(path, FileName) : path;
        return file.StartsWith("./", StringComparison.Ordinal) ? file[2..] : file;
    }

    private static string? ReadText(string file, MistakeList mistakes)
    {
        var problem = Refusal(file);
        try
        {
            if (problem is null)
            {
                return ChangeFiles.Text(File.ReadAllBytes(file));
            }
        }
        catch (DecoderFallbackException)
        {
            problem = Message.Of("changes.file.encoding", ("file", file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = Message.Of("changes.file.unreadable", ("file", file), ("reason", e.Message));
        }

        mistakes.Add(new Place(1, 1), problem);
        return null;
    }

    private static Message? Refusal(string file)
    {
        var info = new FileInfo(file);
        return !info.Exists ? Message.Of("changes.file.none", ("file", file))
            : info.Length > LargestFile ? Message.Of("changes.file.large", ("file", file), ("most", "1 MiB"))
            : null;
    }
}
