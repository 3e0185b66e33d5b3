package hero.supervisor.runner;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// What one attempt prints, on its way to the server: decoded, its secrets masked, buffered. The job's readers
/// add, [Logging] sends.
final class JobLog {
    private final @Nullable Task task;
    private final Runnable ready;
    private final Stream stdout;
    private final Stream stderr;
    private volatile boolean closed;
    private final CompletableFuture<@Nullable Void> finished = new CompletableFuture<>();

    /// @param bytesMax kept of each stream while the server does not take it
    /// @param ready called when there is much to send, or all
    JobLog(@Nullable Task task, Map<String, String> envVars, int bytesMax, Runnable ready) {
        this.task = task;
        this.ready = ready;
        this.stdout = new Stream("stdout", bytesMax, Masking.of(envVars));
        this.stderr = new Stream("stderr", bytesMax, Masking.of(envVars));
    }

    /// For a task whose output nobody streams.
    static JobLog none() {
        return new JobLog(null, Map.of(), 0, () -> {});
    }

    Stream stdout() {
        return stdout;
    }

    Stream stderr() {
        return stderr;
    }

    List<Stream> streams() {
        return List.of(stdout, stderr);
    }

    /// No more output. Returns at once.
    void close() {
        stdout.end();
        stderr.end();
        closed = true;
        settle();
        ready.run();
    }

    void abandon() {
        stdout.buffer.abandon();
        stderr.buffer.abandon();
        settle();
    }

    /// Completes the future when all was taken.
    void settle() {
        if (isFinished()) {
            finished.complete(null);
        }
    }

    boolean isFinished() {
        return stdout.buffer.finished() && stderr.buffer.finished();
    }

    /// No more output will come.
    boolean isClosed() {
        return closed;
    }

    /// Completes when it was closed and the server has all of it, or wants no more.
    CompletableFuture<@Nullable Void> finished() {
        return finished;
    }

    /// One of the two. One thread adds; the rest is for any.
    final class Stream {
        private static final int MUCH = 16 << 10;

        private final String name;
        private final LogBuffer buffer;
        private final Masking masking;
        private final CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPLACE)
                .onUnmappableCharacter(CodingErrorAction.REPLACE);
        private byte[] half = new byte[0];
        private boolean ended;
        /// A call is open, or the server has asked for a pause.
        private boolean busy;

        Stream(String name, int bytesMax, Masking masking) {
            this.name = name;
            this.buffer = new LogBuffer(bytesMax);
            this.masking = masking;
        }

        /// Never blocks on the server.
        synchronized void add(byte[] bytes, int count) {
            if (task == null || ended) {
                return;
            }
            buffer.add(masking.add(decode(bytes, count, false)));
            if (isMuch()) {
                ready.run();
            }
        }

        private synchronized void end() {
            if (!ended) {
                ended = true;
                buffer.add(masking.add(decode(new byte[0], 0, true)));
                buffer.add(masking.end());
                buffer.close();
            }
        }

        /// A character may be cut in two by the border of a piece. NUL becomes U+FFFD: no database keeps it.
        private String decode(byte[] bytes, int count, boolean last) {
            ByteBuffer in = ByteBuffer.allocate(half.length + count)
                    .put(half)
                    .put(bytes, 0, count)
                    .flip();
            CharBuffer out = CharBuffer.allocate(in.remaining() + 1);
            decoder.reset().decode(in, out, last);
            half = new byte[in.remaining()];
            in.get(half);
            return out.flip().toString().replace('\0', '\uFFFD');
        }

        /// Worth a call of its own.
        boolean isMuch() {
            return buffer.bytes() >= MUCH;
        }

        String name() {
            return name;
        }

        LogBuffer buffer() {
            return buffer;
        }

        synchronized boolean enter() {
            boolean entered = !busy;
            busy = true;
            return entered;
        }

        synchronized void leave() {
            busy = false;
        }

        /// The parameters of `runner.log`.
        Map<String, Object> call(LogBuffer.Piece piece) {
            Map<String, Object> params = new LinkedHashMap<>();
            Task of = java.util.Objects.requireNonNull(task);
            params.putAll(of.key().tree());
            params.put("lease", of.lease());
            params.put("stream", name);
            params.put("offset", piece.offset());
            params.put("data", piece.data());
            return params;
        }
    }
}
