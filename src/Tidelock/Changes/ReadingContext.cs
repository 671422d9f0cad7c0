namespace Tidelock.Changes;

/// <summary>What reading one change shares: its files, the variables, and the mistakes found so far.</summary>
internal sealed record ReadingContext(ChangeFiles Files, Variables Variables, MistakeList Mistakes);
