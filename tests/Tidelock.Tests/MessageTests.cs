using Tidelock.Texts;

namespace Tidelock.Tests;

public sealed class MessageTests
{
    [Fact]
    public void A_message_renders_in_both_languages_with_its_arguments()
    {
        var message = Message.Of("programs.failed", ("program", "pg_dump"), ("exit", 3), ("words", "no space"));
        Assert.Equal("pg_dump ended with exit code 3: no space", TextCatalog.English.Render(message));
        Assert.Contains("종료 코드 3", TextCatalog.Korean.Render(message), StringComparison.Ordinal);
    }
}
