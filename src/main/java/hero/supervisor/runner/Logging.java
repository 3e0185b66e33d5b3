package hero.supervisor.runner;

import hero.supervisor.client.ConnectionLost;
import hero.supervisor.client.RemoteError;
import hero.supervisor.client.Tree;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Sends what jobs print, as it appears: each stream has at most one call open, and what is printed meanwhile
/// forms the next. The server's offset wins. A server that takes no logs is left in peace. One thread runs it;
/// jobs wait for it only when they have ended, and then for a moment. Source: contract, `runner.log`.
final class Logging {
    private static final Logger log = LoggerFactory.getLogger(Logging.class);
    private static final Duration BATCH = Duration.ofMillis(200);
    private static final Duration AT_THE_END = Duration.ofSeconds(1);

    /// Texts may take six times their bytes as JSON; a call stays below the server's message limit.
    private static final int CALL_BYTES = 64 << 10;

    private static final int UNKNOWN_METHOD = -32601;
    private static final long RETRY_MS = 500;

    private final Work work;
    private final int bytesMax;
    private final List<JobLog> open = new CopyOnWriteArrayList<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private boolean ready;

    /// @param bytesMax kept of each stream while the server is away
    Logging(Work work, int bytesMax) {
        this.work = work;
        this.bytesMax = bytesMax;
    }

    /// The log of a task.
    JobLog prepare(Task task) {
        return new JobLog(task, task.envVars(), bytesMax, this::wake);
    }

    /// The task is about to run: sends what it prints.
    void begin(JobLog started) {
        open.add(started);
    }

    /// The job has ended: sends the rest. Waits a moment for the server to take it, if there is one, so that who
    /// hears of the end finds the log whole; what is late is sent afterwards.
    void end(JobLog ended) {
        ended.close();
        if (work.session() == null || work.closed()) {
            return;
        }
        try {
            ended.finished().get(AT_THE_END.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            log.atDebug().log("the end of a log is late");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private void wake() {
        lock.lock();
        try {
            ready = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Until interrupted.
    void run() {
        try {
            while (true) {
                rest();
                sendAll();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void sendAll() throws InterruptedException {
        Session session = work.session();
        boolean all = session == null || sendAll(session);
        open.removeIf(JobLog::isFinished);
        if (!all) {
            work.pause(Duration.ofMillis(RETRY_MS));
        }
    }

    /// One that fails holds up no other. False when one did.
    private boolean sendAll(Session session) {
        boolean all = true;
        for (JobLog one : open) {
            try {
                send(session, one);
            } catch (RuntimeException | Error e) {
                log.atError().setCause(e).log("a log could not be sent, it is tried again");
                all = false;
            }
        }
        return all;
    }

    /// Lets small outputs gather.
    private void rest() throws InterruptedException {
        lock.lock();
        try {
            long left = BATCH.toNanos();
            while (!ready && left > 0) {
                left = changed.awaitNanos(left);
            }
            ready = false;
        } finally {
            lock.unlock();
        }
    }

    private void send(Session session, JobLog one) {
        if (session.logWindow() <= 0) {
            one.abandon();
            return;
        }
        for (JobLog.Stream stream : one.streams()) {
            if (stream.buffer().bytes() > 0 && stream.enter()) {
                try {
                    send(session, one, stream);
                } catch (RuntimeException | Error e) {
                    stream.leave();
                    throw e;
                }
            }
        }
    }

    private void send(Session session, JobLog one, JobLog.Stream stream) {
        LogBuffer.Piece piece = stream.buffer().next((int) Math.min(CALL_BYTES, session.logWindow()));
        if (piece == null) {
            stream.leave();
            return;
        }
        session.rpc().call("runner.log", stream.call(piece)).whenComplete((answer, error) -> {
            if (error == null) {
                answered(one, stream, answer);
            } else {
                failed(one, stream, error instanceof CompletionException outer ? outer.getCause() : error);
            }
        });
    }

    private void answered(JobLog one, JobLog.Stream stream, @Nullable Object answer) {
        Map<String, Object> members = Tree.object(answer);
        if (!stream.buffer().taken(Tree.whole(members, "next_offset", -1))) {
            log.atWarn().addKeyValue("stream", stream.name()).log("the server wants a log from where it is not kept");
            one.abandon();
        }
        stream.leave();
        one.settle();
        if (stream.isMuch() || (one.isClosed() && stream.buffer().bytes() > 0)) {
            wake();
        }
    }

    private void failed(JobLog one, JobLog.Stream stream, @Nullable Throwable error) {
        if (error instanceof RemoteError remote && (remote.is("busy") || remote.is("shutting_down"))) {
            var later = CompletableFuture.delayedExecutor(remote.retryAfterMs(RETRY_MS), TimeUnit.MILLISECONDS);
            later.execute(stream::leave);
            return;
        }
        if (error instanceof RemoteError remote) {
            if (remote.code() != UNKNOWN_METHOD) {
                log.atDebug()
                        .addKeyValue("kind", remote.kind())
                        .addKeyValue("error", remote.getMessage())
                        .log("the server takes no more of a log");
            }
            one.abandon();
        } else if (!(error instanceof ConnectionLost)) {
            log.atWarn().setCause(error).log("a log could not be sent, it is tried again");
        }
        // A connection that is gone is replaced in a moment: the next one gets the same piece.
        stream.leave();
    }
}
