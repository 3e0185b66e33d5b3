package hero.supervisor.wire;

import java.io.IOException;
import java.io.OutputStream;

/// What goes back for one message: a response, or the array of a batch. Written once.
public interface Reply {

    /// Writes the whole reply as UTF-8 JSON. When a streamed result breaks off, the stream is left unfinished and
    /// an exception thrown: the transport then ends the connection, so that nobody takes a part for the whole.
    void writeTo(OutputStream out) throws IOException;

    /// True when the reply may be long and is made while it is written; else [#bytes()] has it.
    boolean streams();

    /// The whole reply; only when it does not stream.
    byte[] bytes();
}
