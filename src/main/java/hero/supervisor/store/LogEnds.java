package hero.supervisor.store;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.LogAppend;
import hero.supervisor.domain.LogStream;
import hero.supervisor.store.LogStore.Appended;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Decides for one batch what is written where: the server's offset wins. Knows no database; one thread.
///
/// ```
/// a stream:  |---- head, kept ----|···· cut out ····|---- tail, kept ----|
///            0               bytesMax/2            cut                  next
/// ```
final class LogEnds {
    /// More than any chunk holds: one that begins so far before a border cannot reach over it.
    private static final int CHUNK_MAX = 1 << 20;

    private final long head;
    private final long tail;
    private final List<Chunk> chunks = new ArrayList<>();
    private final Set<Attempt> changed = new LinkedHashSet<>();
    private final List<Cut> resets = new ArrayList<>();
    private final List<Cut> cuts = new ArrayList<>();

    record Chunk(String jobId, int attempt, String stream, long start, long place, int size, String data) {}

    /// Whole chunks from `low` to `high` are to be removed.
    record Cut(String jobId, int attempt, String stream, long low, long high) {}

    /// Where one stream stands.
    static final class Stream {
        long next;
        long cut;
    }

    /// The locked row of one hand-over. Identity is equality.
    static final class Attempt {
        final Assignment.Key key;
        final Stream stdout = new Stream();
        final Stream stderr = new Stream();
        /// Of the hand-over that wrote what is there; null when there is no row.
        private @Nullable Long writtenLease;

        Attempt(Assignment.Key key, @Nullable Long writtenLease) {
            this.key = key;
            this.writtenLease = writtenLease;
        }

        static Attempt read(ResultSet row) throws SQLException {
            Attempt attempt = new Attempt(
                    new Assignment.Key(JobRow.text(row, "job_id"), row.getInt("attempt"), row.getLong("lease")),
                    row.getObject("written_lease", Long.class));
            attempt.stdout.next = row.getLong("stdout_next");
            attempt.stderr.next = row.getLong("stderr_next");
            attempt.stdout.cut = row.getLong("stdout_cut");
            attempt.stderr.cut = row.getLong("stderr_cut");
            return attempt;
        }

        Stream of(LogStream stream) {
            return stream == LogStream.STDOUT ? stdout : stderr;
        }
    }

    LogEnds(int bytesMax) {
        this.head = bytesMax / 2;
        this.tail = bytesMax - head;
    }

    /// @param attempt null when the hand-over no longer holds
    Appended take(@Nullable Attempt attempt, LogAppend append) {
        if (attempt == null) {
            return new Appended.Stale();
        }
        Long lease = attempt.writtenLease;
        boolean mine = lease != null && lease == attempt.key.lease();
        if (!mine && append.offset() > 0) {
            return new Appended.End(0);
        } else if (lease == null) {
            return new Appended.Stale(); // Opened, and yet not there: the job was deleted in between.
        } else if (!mine) {
            restart(attempt);
        }
        return append(attempt, append);
    }

    /// An attempt that was handed back uncounted and handed out again under its number: what the first hand-over
    /// printed makes room.
    private void restart(Attempt attempt) {
        for (LogStream stream : LogStream.values()) {
            resets.add(new Cut(attempt.key.jobId(), attempt.key.attempt(), stream.word(), 0, attempt.of(stream).next));
            attempt.of(stream).next = 0;
            attempt.of(stream).cut = 0;
        }
        attempt.writtenLease = attempt.key.lease();
        changed.add(attempt);
    }

    private Appended append(Attempt attempt, LogAppend append) {
        Stream stream = attempt.of(append.stream());
        byte[] bytes = append.data().getBytes(StandardCharsets.UTF_8);
        long known = stream.next - append.offset();
        boolean gap = known < 0;
        boolean nothingNew = known >= bytes.length;
        if (gap || nothingNew || (bytes[(int) known] & 0xC0) == 0x80) {
            return new Appended.End(stream.next);
        }
        int from = (int) known;
        int size = bytes.length - from;
        String data = from == 0 ? append.data() : new String(bytes, from, size, StandardCharsets.UTF_8);
        chunks.add(new Chunk(
                attempt.key.jobId(),
                attempt.key.attempt(),
                append.stream().word(),
                stream.next,
                attempt.stdout.next + attempt.stderr.next,
                size,
                data));
        stream.next += size;
        changed.add(attempt);
        shorten(attempt, append.stream());
        return new Appended.End(stream.next);
    }

    /// Lets the tail grow by a quarter before it is cut, so that not every chunk costs a deletion.
    private void shorten(Attempt attempt, LogStream which) {
        Stream stream = attempt.of(which);
        long from = Math.max(stream.cut, head);
        if (stream.next - from <= tail + tail / 4) {
            return;
        }
        long cut = stream.next - tail;
        long low = Math.max(head, from - CHUNK_MAX);
        cuts.add(new Cut(attempt.key.jobId(), attempt.key.attempt(), which.word(), low, cut));
        stream.cut = cut;
    }

    List<Chunk> chunks() {
        return chunks;
    }

    List<Attempt> changed() {
        return List.copyOf(changed);
    }

    /// To be removed before anything is written.
    List<Cut> resets() {
        return resets;
    }

    /// To be removed afterwards.
    List<Cut> cuts() {
        return cuts;
    }
}
