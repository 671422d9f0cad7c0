using Tidelock.Programs;

namespace Tidelock.Tests.Programs;

public sealed class BoundedTextTests
{
    [Theory]
    [InlineData("token ghp_27182818 refused\n", 100, "token ghp_27182818 refused")]
    [InlineData("token ghp_27182818 refused", 12, "token")]
    [InlineData("ghp_2718281828", 8, "")]
    public async Task What_people_read_of_a_text_that_was_cut_ends_with_a_whole_word(
        string said,
        int most,
        string words
    )
    {
        var text = new BoundedText(most);
        await text.FillAsync(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(said)), default);
        Assert.Equal(words, text.Words);
    }
}
