package hero.supervisor.api;

import hero.supervisor.domain.Grant;

/// Tells what a secret allows. The engine's `Secrets` is one. Safe for any thread.
@FunctionalInterface
public interface SecretCheck {

    /// A refusal of kind `unauthorized` when the secret is unknown, expired or revoked; of kind `busy` when that
    /// cannot be found out now.
    Grant check(String secret);

    /// True when [#check] will tell without asking anybody.
    default boolean atHand(String secret) {
        return false;
    }
}
