package hero.supervisor.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/// Where a command's answer goes. What cannot be written ends the command by [Lost]: a `PrintWriter` by itself
/// keeps that to itself, so that a full disk would cut an answer short in silence, and `job watch | head -1` would
/// go on for a reader who has left. Not safe for several threads.
final class Output extends OutputStream {
    /// The answer, or its rest, reached nobody.
    static final class Lost extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final boolean readerLeft;

        private Lost(IOException cause) {
            super("the answer cannot be written: " + cause.getMessage(), cause);
            this.readerLeft = String.valueOf(cause.getMessage()).contains("roken pipe");
        }

        /// True when it was a pipe whose other end is closed, as by `head`: nothing is wrong then.
        boolean readerLeft() {
            return readerLeft;
        }
    }

    private final OutputStream to;

    private Output(OutputStream to) {
        this.to = to;
    }

    /// UTF-8, sent by `println` and `flush`.
    static PrintWriter writer(OutputStream to) {
        return new PrintWriter(new Output(to), true, StandardCharsets.UTF_8);
    }

    @Override
    public void write(int b) {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        try {
            to.write(bytes, offset, length);
        } catch (IOException e) {
            throw new Lost(e);
        }
    }

    @Override
    public void flush() {
        try {
            to.flush();
        } catch (IOException e) {
            throw new Lost(e);
        }
    }
}
