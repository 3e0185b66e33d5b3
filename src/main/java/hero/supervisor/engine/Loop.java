package hero.supervisor.engine;

import java.time.Duration;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs one task again and again until closed, with a pause between runs. A [#wake] that comes while the task
/// runs is kept: the next pause is skipped. A task that throws is logged and run again after the pause.
public final class Loop implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Loop.class);

    private final String name;
    private final Duration pause;
    private final Runnable task;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private boolean awake;
    private boolean closed;
    private @Nullable Thread thread;

    public Loop(String name, Duration pause, Runnable task) {
        this.name = name;
        this.pause = pause;
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
        while (rest()) {
            try {
                task.run();
                failing = false;
            } catch (RuntimeException | Error e) {
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

    private boolean rest() {
        lock.lock();
        try {
            long left = pause.toNanos();
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
