package hero.supervisor.runner;

import hero.supervisor.client.Addresses;
import hero.supervisor.client.ConnectionLost;
import hero.supervisor.client.RemoteError;
import hero.supervisor.client.RpcClient;
import hero.supervisor.client.RpcSettings;
import hero.supervisor.client.Tree;
import hero.supervisor.domain.Time;
import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The bundled runner: connects, pulls jobs for its free slots, runs them as processes, pushes their results.
///
/// States: running → draining (no further jobs) → closed. Connections come and go meanwhile; jobs and unsent
/// results outlive them. Two threads per connection (pull, beat), one that delivers, one per job. Safe for any
/// thread. Source: contract, the runner protocol.
public final class Runner implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Runner.class);
    private static final int PULL_WAIT_MS = 20_000;
    private static final int FAILURES_MAX = 3;
    private static final int SUPERSEDED = 4002;
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(20);
    private static final Duration LAST_PULL = Duration.ofSeconds(2);
    private static final Duration LAST_RESULTS = Duration.ofSeconds(10);
    private static final Duration PING_EVERY = Duration.ofSeconds(5);
    private static final Duration DEAD_AFTER = Duration.ofSeconds(15);

    private final RunnerSettings settings;
    private final Time time;
    private final Consumer<String> notices;
    private final Addresses addresses;
    private final Work work;
    private final Logging logging;
    private final Progressing progressing;
    private final Workplace workplace;
    private final Orders orders;
    private volatile @Nullable String sessionId;

    /// @param notices lines for people: connected, lost, draining
    public Runner(RunnerSettings settings, Time time, RandomGenerator random, Consumer<String> notices) {
        this.settings = settings;
        this.time = time;
        this.notices = notices;
        this.addresses = new Addresses(settings.urls(), random);
        this.work = new Work(settings.slots(), settings.resultBytesMax());
        this.logging = new Logging(work, settings.outputBytesMax());
        this.progressing = new Progressing(work);
        this.workplace = new Workplace(settings.workFolder(), random);
        ProcessExecutor executor = new ProcessExecutor(settings.withWorkFolder(workplace.path()));
        this.orders = new Orders(executor, work, logging, progressing);
    }

    /// Runs until it was drained or closed; afterwards no process and no folder of a job is left. [ConnectionLost]
    /// (refused) or [RemoteError] when the server refuses this runner at the first connection; later it keeps
    /// trying. [ConnectionLost] (4002) when a newer connection has taken its session.
    public void run() {
        var delivery = Thread.ofVirtual().name("runner-results").start(new Delivery(work)::run);
        var logs = Thread.ofVirtual().name("runner-logs").start(logging::run);
        var progress = Thread.ofVirtual().name("runner-progress").start(progressing::run);
        workplace.open();
        try {
            while (!work.closed()) {
                Session session = connect();
                if (session != null) {
                    serve(session);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            close();
            delivery.interrupt();
            logs.interrupt();
            progress.interrupt();
            workplace.close();
        }
    }

    /// Begins to end: takes no further jobs, lets run what runs (up to the drain time, then stops it), delivers
    /// the results; then [#run()] returns. Returns at once; can be repeated.
    public void drain() {
        if (work.drain()) {
            notices.accept("runner " + settings.name() + " is draining: it takes no further jobs");
            Thread.ofVirtual().name("runner-drain").start(this::finish);
        }
    }

    /// Ends at once: kills what runs, sends nothing more; the server hands the jobs to others. Blocks until no
    /// process is left. Can be repeated.
    @Override
    public void close() {
        Session session = work.session();
        work.close();
        work.alive().forEach(Execution::kill);
        if (session != null) {
            session.rpc().close();
        }
        boolean interrupted = Thread.interrupted();
        try {
            work.awaitIdle(LAST_RESULTS);
        } catch (InterruptedException e) {
            interrupted = true;
        }
        workplace.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// Results and jobs that this runner holds. For status lines and tests.
    public int held() {
        return work.held().size();
    }

    // ---- connection ----

    /// A new session, or null after a pause when that failed.
    private @Nullable Session connect() throws InterruptedException {
        URI url = addresses.current();
        try {
            var rpc = RpcClient.connect(
                    RpcSettings.of(url, settings.secret()).withSilence(PING_EVERY, DEAD_AFTER), time, this::notified);
            try {
                return greet(rpc, url);
            } catch (RuntimeException | InterruptedException e) {
                rpc.close();
                throw e;
            }
        } catch (ConnectionLost | RemoteError e) {
            if (e instanceof ConnectionLost lost && lost.code() == SUPERSEDED) {
                throw superseded();
            }
            boolean hopeless = e instanceof ConnectionLost lost
                    ? lost.refused()
                    : e instanceof RemoteError error && !error.is("busy") && !error.is("shutting_down");
            if (hopeless && sessionId == null && settings.urls().size() == 1) {
                throw e;
            }
            Duration pause = addresses.failed();
            log.atWarn()
                    .addKeyValue("url", url)
                    .addKeyValue("pause_ms", pause.toMillis())
                    .addKeyValue("error", e.getMessage())
                    .log("not connected");
            work.pause(pause);
            return null;
        }
    }

    private Session greet(RpcClient rpc, URI url) throws InterruptedException {
        Map<String, Object> hello =
                Tree.object(Session.await(rpc, rpc.call("runner.connect", introduction()), ANSWER_WITHIN));
        Session session = Session.of(rpc, sessionId, hello);
        addresses.reached();
        orders.judge(hello.get("verdicts"));
        sessionId = session.id();
        notices.accept("runner " + settings.name() + " connected to " + url + " with " + settings.slots()
                + (settings.slots() == 1 ? " slot: " : " slots: ")
                + String.join(", ", executorNames()));
        return session;
    }

    private Map<String, Object> introduction() {
        Map<String, Object> hello = new LinkedHashMap<>();
        hello.put("name", settings.name());
        if (settings.queue() != null) {
            hello.put("queue", settings.queue());
        }
        hello.put("slots", settings.slots());
        hello.put("executors", executorNames());
        hello.put("labels", settings.labels());
        if (sessionId != null) {
            hello.put("resume", Map.of("session_id", sessionId, "running", work.held()));
        }
        return hello;
    }

    private List<String> executorNames() {
        return List.copyOf(new TreeSet<>(settings.executors().keySet()));
    }

    /// Until the connection ends.
    private void serve(Session session) throws InterruptedException {
        work.session(session);
        CompletableFuture<RpcClient.Closed> end = session.rpc().closed();
        end.thenAccept(closed -> work.ended(session));
        Thread.ofVirtual().name("runner-pull").start(() -> loop(session, this::pull));
        Thread.ofVirtual().name("runner-beat").start(() -> beats(session));
        work.awaitEnd(session);
        if (!work.closed() && end.isDone()) {
            RpcClient.Closed closed = end.join();
            if (closed.code() == SUPERSEDED) {
                throw superseded();
            }
            Duration pause = addresses.lost(closed);
            notices.accept("runner " + settings.name() + " lost its connection (" + closed.code()
                    + (closed.reason().isEmpty() ? "" : ": " + closed.reason()) + "); its jobs run on, it reconnects");
            work.pause(pause);
        }
    }

    private ConnectionLost superseded() {
        return new ConnectionLost(
                SUPERSEDED,
                "another runner has taken over the session of " + settings.name()
                        + ", so this one ends; give each runner a process of its own");
    }

    // ---- the two loops of a connection ----

    /// One round of a loop; false ends it.
    @FunctionalInterface
    private interface Round {
        boolean play(Session session) throws InterruptedException;
    }

    /// Errors of the server are waited out; several in a row end the connection, for another server may do better.
    private void loop(Session session, Round round) {
        int failures = 0;
        try {
            while (failures < FAILURES_MAX) {
                try {
                    if (!round.play(session)) {
                        return;
                    }
                    failures = 0;
                } catch (RemoteError e) {
                    failures = e.is("busy") ? 0 : failures + 1;
                    log.atWarn()
                            .addKeyValue("kind", e.kind())
                            .addKeyValue("error", e.getMessage())
                            .log("the server refused a call");
                    if (e.is("conflict")) {
                        break; // The session is gone: only a new connection, with resume, saves the jobs.
                    }
                    work.pause(Duration.ofMillis(e.retryAfterMs(1000)));
                }
            }
            session.rpc().close();
        } catch (ConnectionLost e) {
            log.atDebug().addKeyValue("error", e.getMessage()).log("connection lost");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error e) {
            log.atError().setCause(e).log("pulling or beating failed, the connection is made anew");
            session.rpc().close(); // One loop without the other would hold a session that does nothing, or is lost.
        }
    }

    private boolean pull(Session session) throws InterruptedException {
        int credit = work.awaitCredit(session);
        if (credit == 0) {
            return false;
        }
        work.pulling(true);
        try {
            Map<String, Object> answer = Tree.object(session.call(
                    "runner.pull",
                    Map.of("max", credit, "wait_ms", PULL_WAIT_MS),
                    ANSWER_WITHIN.plusMillis(PULL_WAIT_MS)));
            orders.start(answer.get("jobs"));
            obey(answer);
        } finally {
            work.pulling(false);
        }
        return true;
    }

    /// The first beat at once after a resumption: the two together tell the server which of its answers were lost
    /// with the connection.
    private void beats(Session session) {
        if (session.resumed()) {
            loop(session, this::tell);
        }
        loop(session, this::beat);
    }

    private boolean beat(Session session) throws InterruptedException {
        if (!session.awaitBeat()) {
            return false;
        }
        tell(session);
        return true;
    }

    /// What this runner has. False: once is enough.
    private boolean tell(Session session) throws InterruptedException {
        obey(Tree.object(session.call("runner.heartbeat", Map.of("running", work.held()), session.beatWithin())));
        return false;
    }

    private void obey(Map<String, Object> answer) {
        orders.stop(answer.get("stops"));
        orders.abandon(answer.get("abandon"));
        if (Boolean.TRUE.equals(answer.get("drain"))) {
            drain();
        }
    }

    private void notified(String method, @Nullable Object params) {
        switch (method) {
            case "runner.stop" -> orders.stopOne(params);
            case "runner.drain" -> drain();
            default -> log.atDebug().addKeyValue("method", method).log("unknown notification");
        }
    }

    // ---- the end ----

    private void finish() {
        try {
            Session session = work.session();
            if (session != null) {
                // Lets the server end the open pull. One that does not know the method loses nothing.
                var told = session.rpc().call("runner.drain", Map.of());
                log.atDebug().addKeyValue("open", !told.isDone()).log("server told of the drain");
            }
            boolean empty = work.awaitEmpty(settings.drainMax());
            work.awaitPulled(LAST_PULL);
            if (!empty || !work.awaitEmpty(settings.drainMax())) {
                work.alive().forEach(e -> e.stop("stopped: its runner was shut down", settings.killGrace()));
                work.awaitEmpty(settings.killGrace().plus(LAST_RESULTS));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            close();
        }
    }
}
