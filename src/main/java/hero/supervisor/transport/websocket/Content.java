package hero.supervisor.transport.websocket;

import java.io.IOException;
import java.io.OutputStream;

/// A text that is made while it is sent.
@FunctionalInterface
public interface Content {

    /// Writes the whole text as UTF-8. An exception means that the text broke off: the connection ends with 1011.
    void writeTo(OutputStream out) throws IOException;
}
