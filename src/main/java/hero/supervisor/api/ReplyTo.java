package hero.supervisor.api;

import hero.supervisor.wire.Reply;
import org.jspecify.annotations.Nullable;

/// Where the answer to one message goes.
@FunctionalInterface
public interface ReplyTo {

    /// Called once, on any thread. Null when nothing goes back.
    ///
    /// @param mayBlock true on a thread that nobody else needs; else other answers wait until this returns
    void reply(@Nullable Reply reply, boolean mayBlock);
}
