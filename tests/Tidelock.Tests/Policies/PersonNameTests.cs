using Tidelock.Policies;

namespace Tidelock.Tests.Policies;

public sealed class PersonNameTests
{
    private const string HangulTakenApart = "\u1100\u1175\u11B7\u1106\u1175\u11AB";

    [Theory]
    [InlineData("Kim Min <kim@example.com>", "kim")]
    [InlineData("Kim Min <kim@example.com>", "kim  min")]
    [InlineData("김민", HangulTakenApart)]
    [InlineData("김 민", "김\u3000민")]
    [InlineData("ｋｉｍ", "kim")]
    [InlineData("k\u200Bim", "kim")]
    [InlineData("André", "Andre\u0301")]
    [InlineData("123456+kim@users.noreply.github.com", "kim")]
    [InlineData("admin@a.example", "admin@b.example")]
    public void In_doubt_two_texts_are_one_person(string one, string other)
    {
        Assert.True(PersonName.IsSame(one, other));
        Assert.True(PersonName.IsSame(other, one));
    }

    [Theory]
    [InlineData("kim", "kimmy")]
    [InlineData("김민", "김만")]
    [InlineData("김미", "김민")]
    [InlineData("Kim Min <kim@example.com>", "example.com")]
    public void Others_are_two(string one, string other) => Assert.False(PersonName.IsSame(one, other));

    [Theory]
    [InlineData("김민", HangulTakenApart, true)]
    [InlineData("Kim  Min ", "kim min", true)]
    [InlineData("kim", "kim@example.com", false)]
    [InlineData("kim@example.com", "Kim Min <kim@example.com>", false)]
    [InlineData("André", "Andre", false)]
    public void What_somebody_may_do_goes_by_the_whole_name(string one, string other, bool same) =>
        Assert.Equal(same, PersonName.IsExactly(one, other));
}
