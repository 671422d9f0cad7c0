namespace Tidelock.Signatures;

/// <summary>Whose signatures count, in files that a team keeps beside its changes.</summary>
/// <param name="File">OpenSSH's <c>allowed_signers</c>: principals, options such as <c>valid-before</c>, public keys.</param>
/// <param name="Revoked">Public keys that count no more, whenever they signed, or OpenSSH's key revocation list; null for none.</param>
public sealed record AllowedSigners(string File, string? Revoked = null);
