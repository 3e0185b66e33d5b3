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

    /// @param waiting what came since, not written yet
    private record Last(long writtenNanos, Progress.@Nullable Said waiting) {}

    Sayings(LogStore store, Time time) {
        this.store = store;
        this.time = time;
    }

    /// False when it was written at once and the hand-over no longer holds.
    CompletableFuture<Boolean> say(Assignment.Key key, Progress.Said said) {
        long now = time.nanoTime();
        Last last = lasts.compute(
                key,
                (_, before) -> before == null || isDue(before, now)
                        ? new Last(now, null)
                        : new Last(before.writtenNanos, before.waiting == null ? said : said.over(before.waiting)));
        // Another thread may have merged its own into the same entry: whoever made the entry anew writes.
        return last.waiting == null && last.writtenNanos == now
                ? store.say(key, said)
                : CompletableFuture.completedFuture(true);
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
            List<Progress.Said> due = new ArrayList<>();
            lasts.computeIfPresent(key, (_, last) -> {
                if (until != Long.MAX_VALUE && last.writtenNanos - until > 0) {
                    return last;
                } else if (last.waiting == null) {
                    return null;
                }
                due.add(last.waiting);
                return new Last(now, null);
            });
            due.forEach(said -> writing.add(store.say(key, said).exceptionally(error -> {
                log.atDebug()
                        .addKeyValue("job_id", key.jobId())
                        .addKeyValue("error", error.toString())
                        .log("progress was not written");
                return false;
            })));
        }
        return writing;
    }
}
