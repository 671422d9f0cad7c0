using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Tests.Postgres;

public sealed class ConnectionLossTests
{
    [Theory]
    [InlineData("08006", true)]
    [InlineData("08P01", true)]
    [InlineData("57P01", true)]
    [InlineData("57P02", true)]
    [InlineData("57P03", true)]
    [InlineData("57P04", true)]
    [InlineData("57P05", true)]
    [InlineData("25P03", true)]
    [InlineData("25P04", true)]
    [InlineData("25P02", false)]
    [InlineData("57014", false)]
    [InlineData("55P03", false)]
    [InlineData("40P01", false)]
    [InlineData("53300", false)]
    [InlineData("42601", false)]
    [InlineData("P0001", false)]
    public void A_state_that_ends_the_session_is_a_loss_and_one_of_the_statement_is_not(string state, bool isLoss)
    {
        Assert.Equal(isLoss, ConnectionLoss.EndsSession(state));
        Assert.Equal(isLoss, ConnectionLoss.IsLoss(new PostgresException("words", "ERROR", "ERROR", state)));
    }

    [Fact]
    public void A_broken_wire_and_a_refused_connection_are_losses()
    {
        Assert.True(ConnectionLoss.IsLoss(new NpgsqlException("reading", new IOException("reset"))));
        Assert.True(
            ConnectionLoss.IsLoss(new TidelockException(Message.Of("postgres.connect.refused"), ExitCode.Refused))
        );
    }

    [Fact]
    public void A_statement_that_took_too_long_and_an_error_of_another_kind_are_not()
    {
        Assert.False(ConnectionLoss.IsLoss(new NpgsqlException("reading", new TimeoutException())));
        Assert.False(ConnectionLoss.IsLoss(new TidelockException(Message.Of("runs.held"), ExitCode.Refused)));
        Assert.False(ConnectionLoss.IsLoss(new InvalidOperationException()));
    }
}
