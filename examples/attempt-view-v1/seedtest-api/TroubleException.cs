namespace SeedtestApi;

/// <summary>A failure somebody asked for.</summary>
internal sealed class TroubleException(string message) : Exception(message);
