package hero.supervisor.check;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Connect;
import hero.supervisor.domain.JobResult;
import hero.supervisor.transport.PlayedGateway;
import hero.supervisor.wire.Json;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Where one case is played: the server's side, everything that the runner said, and the words a case is written
/// in. Connections that were made before the case are none of it. The thread of the case plays, those of the
/// connections tell; all meet under one lock.
final class Stage implements PlayedGateway.House {
    /// Files are looked at, messages wake.
    private static final long LOOK_NS = 20_000_000L;
    private static final int UNAUTHORIZED = -32602;
    private static final int CONFLICT = -32002;

    private final Place place;
    private final String caseId;
    private final Inlet inlet;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<Class<? extends Said>, ArrayDeque<Predicate<Heard>>> plays = new HashMap<>();
    private final List<Heard> heard = new ArrayList<>();
    private final List<Line> lines = new ArrayList<>();
    private final List<String> wrong = new ArrayList<>();
    private final Server server;
    private int jobs;

    Stage(Place place, String caseId) {
        this.place = place;
        this.caseId = caseId;
        this.inlet = new Inlet(place.reader(), place.limits(), place.time(), this::take, this::blame);
        this.server = new Server(place.settings(), "session-" + caseId, lock, place.timer());
    }

    CheckSettings settings() {
        return place.settings();
    }

    /// The runner as a process of ours; null when the user started it.
    @Nullable
    Started process() {
        return place.process();
    }

    // ---- what comes in ----

    @Override
    public PlayedGateway.Listener enter(PlayedGateway.Socket socket, @Nullable String bearer) {
        Line line = new Line(socket, bearer);
        with(() -> lines.add(line));
        return new PlayedGateway.Listener() {
            @Override
            public void said(String text) {
                try {
                    if (!line.awaitHearing()) {
                        inlet.take(line, text);
                    }
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }

            @Override
            public void ended(int code, String reason) {
                with(() -> {
                    line.open = false;
                    line.closedWith = code;
                    server.lost(line);
                    return null;
                });
            }
        };
    }

    private void take(Heard one) {
        with(() -> {
            heard.add(one);
            if (allowed(one)) {
                var play = plays.get(one.said().getClass());
                if (play == null || play.isEmpty() || !play.remove().test(one)) {
                    server.answer(one);
                }
            }
            return null;
        });
    }

    /// A secret before anything else, `runner.connect` before the rest.
    private boolean allowed(Heard one) {
        Line line = one.line();
        switch (one.said()) {
            case Said.Login login
            when !login.secret().equals(place.secret()) -> {
                return unauthorized(one);
            }
            case Said.Hello hello -> {
                if (!place.secret().equals(hello.secret()) && !place.secret().equals(line.bearer) && !line.loggedIn) {
                    return unauthorized(one);
                }
                line.hello = hello;
            }
            case Said.Login login -> {}
            case Said.Other other -> {}
            default -> {
                if (line.hello == null) {
                    wrong.add(one.method() + " came before runner.connect; a server refuses it with a conflict");
                    one.refuse(CONFLICT, "conflict", "call runner.connect first", Map.of("reason", "not_connected"));
                    return false;
                }
            }
        }
        return true;
    }

    private boolean unauthorized(Heard one) {
        wrong.add(one.method() + " showed no secret or another than SUPERVISOR_SECRET; a runner sends it as"
                + " params.secret, as 'Authorization: Bearer' in the upgrade, or by auth.login");
        one.refuse(UNAUTHORIZED, "unauthorized", "a secret of scope register is needed", Map.of());
        return false;
    }

    private void blame(String sentence) {
        with(() -> wrong.add(sentence));
    }

    // ---- playing ----

    /// The next message of this kind is answered by `play`; when that says false, by the proper server.
    void next(Class<? extends Said> kind, Predicate<Heard> play) {
        with(() -> plays.computeIfAbsent(kind, k -> new ArrayDeque<>()).add(play));
    }

    /// Something with the server that is otherwise proper.
    <T extends @Nullable Object> T server(Function<Server, T> change) {
        return with(() -> change.apply(server));
    }

    /// Waits for a connection that has said `runner.connect`.
    Line connected() throws InterruptedException {
        return connectedAfter(null, settings().patience(), "");
    }

    /// Waits for the next connection after `before` that has said `runner.connect`.
    Line connectedAfter(@Nullable Line before, Duration within, String otherwise) throws InterruptedException {
        boolean there = wait(within, () -> after(before) != null);
        Line line = with(() -> after(before));
        if (!there || line == null) {
            List<String> why = with(() -> List.copyOf(wrong));
            String seen = why.isEmpty() ? "" : "; " + why.getFirst();
            throw before != null
                    ? Fault.failed(otherwise + seen)
                    : Fault.notConnected("no runner connected within " + words(within) + seen);
        }
        return line;
    }

    private @Nullable Line after(@Nullable Line before) {
        int from = before == null ? 0 : lines.indexOf(before) + 1;
        for (Line line : lines.subList(from, lines.size())) {
            if (line.hello != null && (line.open || before != null)) {
                return line;
            }
        }
        return null;
    }

    /// What the present connection said of itself.
    Connect connect() {
        return with(() -> {
            for (Line line : lines.reversed()) {
                if (line.hello != null) {
                    return line.hello.connect();
                }
            }
            throw Fault.notConnected("no runner has connected");
        });
    }

    /// A job of this case, not yet handed over.
    HandOver job(Work work) {
        int number = with(() -> ++jobs);
        return attempt("check-" + caseId + "-" + number, 1, work);
    }

    /// Attempts differ in their lease.
    HandOver attempt(String jobId, int attempt, Work work) {
        return new HandOver(
                new Assignment.Key(jobId, attempt, 0x5eed_0000_0000_0000L + jobId.hashCode() + attempt), work);
    }

    /// Hands jobs over and waits until the runner has taken them.
    HandOver give(HandOver job) throws InterruptedException {
        offer(job);
        await(() -> job.handed, "no runner.pull came with room for a job, with nothing else running");
        return job;
    }

    /// Puts a job into the queue.
    void offer(HandOver job) {
        with(() -> {
            server.add(job);
            return null;
        });
    }

    /// Waits for its result.
    JobResult result(HandOver job) throws InterruptedException {
        await(() -> job.recorded != null, "no runner.result for a job that had ended");
        return java.util.Objects.requireNonNull(with(() -> job.recorded));
    }

    /// Tells the runner to stop it, now and with every answer.
    void stop(HandOver job, String mode, long graceMs) {
        Map<String, Object> order = job.order(mode, graceMs);
        with(() -> job.stop = order);
        tell("runner.stop", order);
    }

    /// A notification on the present connection.
    void tell(String method, Map<String, ?> params) {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("jsonrpc", "2.0");
        message.put("method", method);
        message.put("params", params);
        with(() -> {
            for (Line line : lines.reversed()) {
                if (line.hello != null && line.open) {
                    line.send(Json.write(message));
                    break;
                }
            }
            return null;
        });
    }

    // ---- seeing ----

    /// Messages of this kind so far.
    <T extends Said> List<T> heard(Class<T> kind) {
        return with(() -> heard.stream()
                .map(Heard::said)
                .filter(kind::isInstance)
                .map(kind::cast)
                .toList());
    }

    /// The same with the way they came.
    List<Heard> messages(Class<? extends Said> kind) {
        return with(
                () -> heard.stream().filter(one -> kind.isInstance(one.said())).toList());
    }

    long nowNs() {
        return place.time().nanoTime();
    }

    /// Connections so far that said `runner.connect`.
    int connections() {
        return with(
                () -> (int) lines.stream().filter(line -> line.hello != null).count());
    }

    /// Waits for so many more heartbeats.
    void beats(int count) throws InterruptedException {
        int before = heard(Said.Beat.class).size();
        await(
                () -> heard(Said.Beat.class).size() >= before + count,
                "heartbeats stopped: fewer than " + count + " came");
    }

    /// Waits until it is so; fails with `otherwise` and the time.
    void await(BooleanSupplier reached, String otherwise) throws InterruptedException {
        if (!wait(settings().patience(), reached)) {
            throw Fault.failed(otherwise + " within " + words(settings().patience()));
        }
    }

    /// Lets three heartbeats' time go by; fails as soon as it is so.
    void never(BooleanSupplier forbidden, String sentence) throws InterruptedException {
        if (wait(Duration.ofMillis(3 * settings().heartbeatMs()), forbidden)) {
            throw Fault.failed(sentence);
        }
    }

    /// True when it was so within the time.
    boolean wait(Duration most, BooleanSupplier reached) throws InterruptedException {
        long untilNs = place.time().nanoTime() + most.toNanos();
        lock.lock();
        try {
            while (!reached.getAsBoolean()) {
                long leftNs = untilNs - place.time().nanoTime();
                if (leftNs <= 0) {
                    return false;
                }
                changed.await(Math.min(leftNs, LOOK_NS), TimeUnit.NANOSECONDS);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /// What the runner did that no case allows.
    List<String> wrong() {
        return with(() -> List.copyOf(wrong));
    }

    /// The end of the case: its connections are closed with a hint to come back at once.
    void close() {
        for (Line line : with(() -> List.copyOf(lines))) {
            line.hearAgain();
            if (with(() -> line.open)) {
                line.close(1012, "retry_after_ms=10");
            }
        }
    }

    static String words(Duration time) {
        long ms = time.toMillis();
        return ms % 1000 == 0 ? ms / 1000 + " s" : ms + " ms";
    }

    private <T extends @Nullable Object> T with(java.util.function.Supplier<T> step) {
        lock.lock();
        try {
            T result = step.get();
            changed.signalAll();
            return result;
        } finally {
            lock.unlock();
        }
    }
}
