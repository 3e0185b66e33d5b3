package hero.supervisor.engine;

import hero.supervisor.domain.JobEvent;
import hero.supervisor.domain.JobFilter;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.store.JobStore.Event;
import hero.supervisor.store.JobStore.Facts;
import hero.supervisor.store.JobStore.Position;
import hero.supervisor.store.JobStore.Snapshot;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One stream to one reader, and how far it is. A reader that takes nothing for the moment gets the latest event
/// of each job later; when too many jobs wait, a gap is noted instead of events; when it takes nothing for long it
/// is given up. So it holds at most [#WAITING_MAX] references. Guarded by the [Feed]'s lock once it is live; used
/// by one thread before.
public final class Subscription {
    /// Jobs whose latest event waits for a slow reader.
    static final int WAITING_MAX = 1000;

    /// Without anything taken for so long, the reader is given up. Shorter than the transport's write deadline, so
    /// that the reader is told why.
    static final long STALLED_MAX_NANOS = 8_000_000_000L;

    /// Gaps in a row, without once having caught up.
    private static final int GAPS_MAX = 3;

    /// Where the messages go: a connection.
    public interface Outlet {
        /// False when there is no room now, or nobody any more. Never blocks.
        boolean offer(byte[] message);

        /// The same for what need not be quick: leaves room for events.
        default boolean offerBulk(byte[] message) {
            return offer(message);
        }

        /// The same for the last message of a stream.
        default boolean offerLast(byte[] message) {
            return offer(message);
        }

        void close(int code, String reason);
    }

    /// An event and its message, encoded when the first reader wants it.
    static final class Notice {
        final Event event;
        final JobEvent told;
        private final StreamWriter writer;
        private byte @Nullable [] body;

        Notice(Event event, StreamWriter writer) {
            this.event = event;
            this.writer = writer;
            boolean stopping = event.status().equals("stopping");
            this.told = new JobEvent(
                    event.position().text(),
                    event.jobId(),
                    stopping ? JobStatus.RUNNING.word() : event.status(),
                    event.at(),
                    event.attempt(),
                    event.runner(),
                    event.queue(),
                    stopping);
        }

        Notice(Event event, JobEvent told, StreamWriter writer) {
            this.event = event;
            this.told = told;
            this.writer = writer;
        }

        byte[] message(String subscription, int skipped) {
            byte[] encoded = body;
            if (encoded == null) {
                encoded = writer.event(told);
                body = encoded;
            }
            return writer.message(subscription, encoded, skipped);
        }
    }

    private record Waiting(Notice notice, int skipped) {}

    private final String id;
    private final @Nullable String jobId;
    private final JobFilter filter;
    private final Outlet outlet;
    private final StreamWriter writer;
    private final Map<String, Waiting> waiting = new LinkedHashMap<>();
    private @Nullable Snapshot seen;
    private Position cursor;
    private @Nullable Position gapFrom;
    private int gaps;
    private long stalledSinceNanos;
    private boolean stalled;
    private volatile boolean ended;
    private volatile boolean ending;

    /// @param jobId the only job; null for all that pass the filter
    /// @param cursor only what lies behind it is told
    Subscription(
            String id, @Nullable String jobId, JobFilter filter, Position cursor, Outlet outlet, StreamWriter writer) {
        this.id = id;
        this.jobId = jobId;
        this.filter = filter;
        this.cursor = cursor;
        this.outlet = outlet;
        this.writer = writer;
    }

    /// Names it on its connection.
    public String id() {
        return id;
    }

    @Nullable
    String jobId() {
        return jobId;
    }

    Position cursor() {
        return cursor;
    }

    void moveTo(Position position) {
        if (position.compareTo(cursor) > 0) {
            cursor = position;
        }
    }

    /// What this shows has been told already.
    void hasSeen(Snapshot snapshot) {
        seen = snapshot;
    }

    /// True when nothing more is told: the job's last event has been, or the reader is gone.
    public boolean ended() {
        return ended || ending;
    }

    void end() {
        ended = true;
    }

    boolean wants(Event event) {
        Snapshot shown = seen;
        return event.position().compareTo(cursor) > 0
                && (shown == null || !shown.shows(event.position()))
                && (jobId == null ? passes(event) : jobId.equals(event.jobId()));
    }

    private boolean passes(Event event) {
        String word = event.status().equals("stopping") ? JobStatus.RUNNING.word() : event.status();
        JobStatus status = filter.status();
        return (status == null || status.word().equals(word))
                && (filter.runner() == null || filter.runner().equals(event.runner()))
                && passes(event.facts(), word);
    }

    /// Of a deleted job nothing is known any more: whoever may have heard of it is told that it is gone.
    private boolean passes(@Nullable Facts facts, String word) {
        if (filter.executor() == null && filter.callerId() == null && filter.contextId() == null) {
            return true;
        } else if (facts == null) {
            return word.equals(JobEvent.DELETED);
        }
        return (filter.executor() == null || filter.executor().equals(facts.executor()))
                && (filter.callerId() == null || filter.callerId().equals(facts.callerId()))
                && (filter.contextId() == null || filter.contextId().equals(facts.contextId()));
    }

    /// Tells an event now, or notes it for later. [#behind()] says which.
    void tell(Notice notice, long nowNanos) {
        if (gapFrom != null) {
            moveTo(notice.event.position());
        } else if (waiting.isEmpty() && send(notice, 0)) {
            stalled = false;
        } else {
            fellBehind(nowNanos);
            Waiting earlier = waiting.remove(notice.event.jobId());
            waiting.put(notice.event.jobId(), new Waiting(notice, earlier == null ? 0 : earlier.skipped + 1));
            if (waiting.size() > WAITING_MAX) {
                gapFrom = cursor;
                gaps++;
                waiting.clear();
                moveTo(notice.event.position());
            }
        }
    }

    /// Tells an event now. False when there is no room for it.
    boolean send(Notice notice, int skipped) {
        boolean last = jobId != null && notice.told.isLast();
        byte[] message = notice.message(id, skipped);
        // Before it is sent: whoever has heard the end finds the stream ended.
        ending = last;
        if (!(last ? outlet.offerLast(message) : outlet.offer(message))) {
            ending = false;
            return false;
        }
        moveTo(notice.event.position());
        if (last) {
            ended = true;
        }
        return true;
    }

    /// True when something waits for the reader.
    boolean behind() {
        return gapFrom != null || !waiting.isEmpty();
    }

    /// Tries again what waits; gives the reader up when that has lasted too long.
    void flush(long nowNanos) {
        Position from = gapFrom;
        if (from != null && gap(from, cursor, StreamWriter.Gap.SLOW_READER)) {
            gapFrom = null;
            stalled = false;
        }
        while (gapFrom == null && !waiting.isEmpty()) {
            var first = waiting.entrySet().iterator().next();
            if (!send(first.getValue().notice, first.getValue().skipped)) {
                break;
            }
            waiting.remove(first.getKey());
            stalled = false;
        }
        if (!behind()) {
            gaps = 0;
            return;
        }
        fellBehind(nowNanos);
        if (nowNanos - stalledSinceNanos > STALLED_MAX_NANOS || gaps >= GAPS_MAX) {
            giveUp();
        }
    }

    boolean gap(Position from, Position to, StreamWriter.Gap why) {
        return outlet.offer(writer.gap(id, from.text(), to.text(), why));
    }

    void giveUp() {
        outlet.close(1013, "this reader is too slow for its streams; come back with since");
        end();
    }

    private void fellBehind(long nowNanos) {
        if (!stalled) {
            stalled = true;
            stalledSinceNanos = nowNanos;
        }
    }
}
