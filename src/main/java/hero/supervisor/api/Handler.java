package hero.supervisor.api;

import hero.supervisor.wire.Body;

/// One method: decode, one engine call, encode. Runs on a virtual thread of its own and may block; throws a
/// [hero.supervisor.domain.Refusal] for whatever is the caller's mistake.
@FunctionalInterface
public interface Handler {

    /// The result; [Body#NULL] for a method that has none.
    Body handle(Call call);
}
