package hero.supervisor.wire;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;

/// A JSON value that can write itself, in pieces when it is long. Floors above pass bodies on and never look
/// inside.
@FunctionalInterface
public interface Body {

    Body NULL = JsonGenerator::writeNull;

    /// Writes exactly one JSON value. May read from the store while it writes, and then may throw a refusal in
    /// between.
    void write(JsonGenerator out) throws IOException;

    /// True when the value may be long and is made while it is written.
    default boolean streams() {
        return false;
    }
}
