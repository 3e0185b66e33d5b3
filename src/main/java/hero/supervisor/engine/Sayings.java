package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Progress;
import hero.supervisor.domain.Time;
import hero.supervisor.store.LogStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Progress, written at most once a second per job; what comes sooner is merged and waits. An entry lives for a
/// second after its last write. Safe for any thread.
final class Sayings {
    private static final Logger log = LoggerFactory.getLogger(Sayings.class);
    private static final long EVERY_NS = Duration.ofSeconds(1).toNanos();

    private final LogStore store;
    private final Time time;
    private final ConcurrentHashMap<Assignment.Key, Last> lasts = new ConcurrentHashMap<>();

    /// @param writing that write, under way or done
    /// @param waiting what came since, not written yet
    private record Last(long writtenNanos, CompletableFuture<Boolean> writing, Progress.@Nullable Said waiting) {}

    Sayings(LogStore store, Time time) {
        this.store = store;
        this.time = time;
    }

    /// False when it was written at once and the hand-over no longer holds.
    CompletableFuture<Boolean> say(Assignment.Key key, Progress.Said said) {
        long now = time.nanoTime();
        List<CompletableFuture<Boolean>> begun = new ArrayList<>(1);
        lasts.compute(key, (_, before) -> {
            if (before != null && !isDue(before, now)) {
                Progress.Said merged = before.waiting == null ? said : said.over(before.waiting);
                return new Last(before.writtenNanos, before.writing, merged);
            }
            begun.add(store.say(key, said));
            return new Last(now, begun.getFirst(), null);
        });
        return begun.isEmpty() ? CompletableFuture.completedFuture(true) : begun.getFirst();
    }

    /// What a job has said is written when this completes, also exceptionally: an attempt that is to end says no
    /// more, and the next one must find what it said last.
    CompletableFuture<?> settled(Assignment.Key key) {
        List<CompletableFuture<Boolean>> begun = new ArrayList<>(1);
        lasts.computeIfPresent(key, (_, last) -> {
            begun.add(last.waiting == null ? last.writing : store.say(key, last.waiting));
            return null;
        });
        return begun.isEmpty() ? CompletableFuture.completedFuture(true) : begun.getFirst();
    }

    private static boolean isDue(Last last, long now) {
        return last.waiting == null && now - last.writtenNanos >= EVERY_NS;
    }

    /// Writes what has waited for a second.
    void flush() {
        write(time.nanoTime() - EVERY_NS);
    }

    /// Writes all that waits, and waits for that.
    void close() {
        for (CompletableFuture<?> writing : write(Long.MAX_VALUE)) {
            writing.exceptionally(_ -> null).join();
        }
    }

    private List<CompletableFuture<?>> write(long until) {
        long now = time.nanoTime();
        List<CompletableFuture<?>> writing = new ArrayList<>();
        for (Assignment.Key key : lasts.keySet()) {
            lasts.computeIfPresent(key, (_, last) -> {
                if (until != Long.MAX_VALUE && last.writtenNanos - until > 0) {
                    return last;
                } else if (last.waiting == null) {
                    return null;
                }
                CompletableFuture<Boolean> begun = store.say(key, last.waiting);
                writing.add(begun.exceptionally(error -> {
                    log.atDebug()
                            .addKeyValue("job_id", key.jobId())
                            .addKeyValue("error", error.toString())
                            .log("progress was not written");
                    return false;
                }));
                return new Last(now, begun, null);
            });
        }
        return writing;
    }
}
