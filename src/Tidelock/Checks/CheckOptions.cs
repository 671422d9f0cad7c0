namespace Tidelock.Checks;

/// <summary>The sections <c>smoke:</c> and <c>downstream:</c> and <c>application:</c> share this shape: one thing that must hold.</summary>
/// <param name="Name">In the author's words.</param>
public abstract record Check(string Name)
{
    /// <summary>
    /// Runs it once. Changes nothing of its own accord (a command is the author's), may run again, and never throws for what it looks
    /// at: what could not be found out has not passed.
    /// </summary>
    internal abstract Task<CheckResult> RunAsync(CheckGround ground, CancellationToken cancellation);
}

/// <summary>A query that must succeed, give what is expected, and stay within its time.</summary>
/// <param name="Name">In the author's words.</param>
/// <param name="Sql">One SELECT; every column of every row is read.</param>
/// <param name="Rows">How many rows must come, for example <c>&gt; 0</c> or <c>= 5</c>; null for any number.</param>
/// <param name="Value">What the first column of the first row must be, as text; null for anything.</param>
/// <param name="Within">The longest it may take; null for the default of 30 s.</param>
/// <param name="WithinBaseline">The longest it may take as a multiple of its time before the change; null for no such bound.</param>
/// <param name="Critical">Whether its failure breaks <c>downstream fails</c>.</param>
public sealed record SqlCheck(
    string Name,
    string Sql,
    RowExpectation? Rows,
    string? Value,
    TimeSpan? Within,
    double? WithinBaseline,
    bool Critical
) : Check(Name)
{
    internal override Task<CheckResult> RunAsync(CheckGround ground, CancellationToken cancellation) =>
        SqlCheckRun.RunAsync(this, ground, cancellation);
}

/// <summary>An HTTP request that must be answered with a status, and where given with a text in the body.</summary>
public sealed record HttpCheck(string Name, Uri Address, int Status, string? Contains, TimeSpan Within) : Check(Name)
{
    internal override Task<CheckResult> RunAsync(CheckGround ground, CancellationToken cancellation) =>
        HttpCheckRun.RunAsync(this, ground, cancellation);
}

/// <summary>A program that must end with exit code 0, such as pytest. Runs in the change's folder.</summary>
public sealed record CommandCheck(string Name, IReadOnlyList<string> Command, TimeSpan Within) : Check(Name)
{
    internal override Task<CheckResult> RunAsync(CheckGround ground, CancellationToken cancellation) =>
        CommandCheckRun.RunAsync(this, ground, cancellation);
}

/// <summary>A Kubernetes deployment that must be rolled out and available, asked through the user's kubectl.</summary>
public sealed record KubernetesCheck(string Name, string Resource, string Namespace, TimeSpan Within) : Check(Name)
{
    internal override Task<CheckResult> RunAsync(CheckGround ground, CancellationToken cancellation) =>
        KubernetesCheckRun.RunAsync(this, ground, cancellation);
}

/// <summary>How many rows a query must return.</summary>
/// <param name="Comparison">One of <c>=</c>, <c>&gt;</c>, <c>&gt;=</c>, <c>&lt;</c>, <c>&lt;=</c>.</param>
/// <param name="Count">The bound.</param>
public sealed record RowExpectation(string Comparison, long Count)
{
    public bool Holds(long rows) =>
        Comparison switch
        {
            "=" => rows == Count,
            ">" => rows > Count,
            ">=" => rows >= Count,
            "<" => rows < Count,
            "<=" => rows <= Count,
            _ => throw new InvalidOperationException($"'{Comparison}' is not a comparison"),
        };
}

/// <summary>Section <c>smoke:</c>.</summary>
public sealed record SmokeChecks(IReadOnlyList<Check> Checks);

/// <summary>Section <c>downstream:</c>; only SQL.</summary>
public sealed record DownstreamChecks(IReadOnlyList<SqlCheck> Checks);

/// <summary>Section <c>application:</c>.</summary>
public sealed record ApplicationChecks(IReadOnlyList<Check> Checks);
