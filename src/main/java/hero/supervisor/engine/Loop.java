package hero.supervisor.engine;

import java.time.Duration;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs one task again and again until closed, with a pause between runs. A [#wake] that comes while the task
/// runs is kept: the next pause is cut short. A task that throws is logged and run again after the longest pause.
public final class Loop implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Loop.class);

    private final String name;
    private final Duration least;
    private final Duration most;
    private final Supplier<Duration> task;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private boolean awake;
    private boolean closed;
    private @Nullable Thread thread;

    /// With pauses that are all the same; a wake ends one at once.
    public Loop(String name, Duration pause, Runnable task) {
        this(name, Duration.ZERO, pause, () -> {
            task.run();
            return pause;
        });
    }

    /// @param least no pause is shorter, also when it is woken
    /// @param most no pause is longer
    /// @param task says how long the next pause is, unless it is woken
    public Loop(String name, Duration least, Duration most, Supplier<Duration> task) {
        this.name = name;
        this.least = least;
        this.most = most;
        this.task = task;
    }

    /// Starts it; at most once.
    public Loop start(ThreadFactory threads) {
        Thread runner = threads.newThread(this::run);
        runner.setName(name);
        thread = runner;
        runner.start();
        return this;
    }

    /// Skips the present or the next pause.
    public void wake() {
        lock.lock();
        try {
            awake = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// A wake has come since the last pause.
    boolean isWoken() {
        lock.lock();
        try {
            return awake;
        } finally {
            lock.unlock();
        }
    }

    /// Ends it, and waits until the task has returned.
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        Thread runner = thread;
        if (runner != null && !runner.equals(Thread.currentThread())) {
            try {
                runner.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void run() {
        boolean failing = false;
        Duration pause = most;
        while (rest(pause)) {
            try {
                pause = task.get();
                failing = false;
            } catch (RuntimeException | Error e) {
                pause = most;
                // Said once per row of failures: a database that is away must not fill the log.
                if (!failing) {
                    log.atWarn()
                            .addKeyValue("loop", name)
                            .addKeyValue("error", e.toString())
                            .log("a background task failed, it goes on");
                    log.atDebug().setCause(e).log("cause");
                }
                failing = true;
            }
        }
    }

    /// False when closed.
    private boolean rest(Duration pause) {
        lock.lock();
        try {
            long left = least.toNanos();
            while (!closed && left > 0) {
                left = changed.awaitNanos(left);
            }
            // Compared first: a pause of three centuries is too long to be told in nanoseconds.
            left = (pause.compareTo(most) > 0 ? most : pause).toNanos() - least.toNanos();
            while (!closed && !awake && left > 0) {
                left = changed.awaitNanos(left);
            }
            awake = false;
            return !closed;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }
}
