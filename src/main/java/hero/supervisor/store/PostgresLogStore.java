package hero.supervisor.store;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.LogAppend;
import hero.supervisor.domain.LogSlice;
import hero.supervisor.domain.Progress;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// [LogStore] on PostgreSQL. [#close()] finishes what was handed in.
public final class PostgresLogStore implements LogStore, AutoCloseable {
    /// 256 writes of at most one window, 128 KiB, each: 32 MiB wait at most.
    private static final GroupCommit.Sizes APPENDS = new GroupCommit.Sizes(256, 128, Duration.ofSeconds(2));

    private static final GroupCommit.Sizes SAYINGS = new GroupCommit.Sizes(1000, 500, Duration.ofSeconds(2));

    private final GroupCommit<LogAppend, Appended> appends;
    private final GroupCommit<ProgressBatch.Saying, Boolean> sayings;
    private final LogReads reads;

    /// @param bytesMax kept per attempt and stream (`Limits.logBytes`)
    public PostgresLogStore(Database database, int bytesMax) {
        this.appends = new GroupCommit<>("log", database.prompt(), APPENDS, new LogWrites(bytesMax));
        this.sayings = new GroupCommit<>("progress", database.prompt(), SAYINGS, new ProgressBatch());
        this.reads = new LogReads(database);
    }

    @Override
    public CompletableFuture<Appended> append(LogAppend append) {
        return appends.add(append);
    }

    @Override
    public CompletableFuture<Boolean> say(Assignment.Key key, Progress.Said said) {
        return sayings.add(new ProgressBatch.Saying(key, said));
    }

    @Override
    public Map<String, Progress> progress(Collection<String> jobIds) {
        return reads.progress(jobIds);
    }

    @Override
    public Optional<LogSlice> read(Asked asked) {
        return reads.read(asked);
    }

    @Override
    public Map<String, Printed> printed(Collection<String> jobIds) {
        return reads.printed(jobIds);
    }

    @Override
    public void close() {
        appends.close();
        sayings.close();
    }
}
