package hero.supervisor.domain;

/// What a caller has proved by showing a secret. Holds no secret.
///
/// @param secretId the id that `supervisor secret list` shows
/// @param name what the operator called it
public record Grant(String secretId, String name, Scope scope) {}
