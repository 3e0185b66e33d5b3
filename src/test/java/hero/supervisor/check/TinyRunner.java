package hero.supervisor.check;

import hero.supervisor.client.ConnectionLost;
import hero.supervisor.client.RemoteError;
import hero.supervisor.client.RpcClient;
import hero.supervisor.client.RpcSettings;
import hero.supervisor.client.Tree;
import hero.supervisor.domain.Time;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// A whole runner in a page, without processes: its executor `tiny` knows the payloads say, fail, work and
/// stubborn. One flaw makes it wrong in one way.
final class TinyRunner implements AutoCloseable {
    static final Map<String, String> PAYLOADS =
            Map.of("say", "say", "fail", "fail", "work", "work", "stubborn", "stubborn");

    private static final int SLOTS = 3;
    private static final Duration LONG = Duration.ofSeconds(20);

    private final Map<String, String> env;
    private final Flaw flaw;
    private final Map<String, Run> held = new LinkedHashMap<>();
    private @Nullable RpcClient rpc;
    private @Nullable String sessionId;
    private boolean draining;
    private boolean closed;

    /// One attempt of one job.
    private static final class Run {
        final Map<String, Object> job;
        boolean ending;
        boolean killed;
        boolean dropped;
        boolean ended;

        Run(Map<String, Object> job) {
            this.job = job;
        }

        Map<String, Object> name() {
            return Map.of("job_id", Tree.string(job, "id", ""), "attempt", Tree.whole(job, "attempt", 0));
        }
    }

    TinyRunner(Map<String, String> env, Flaw flaw) {
        this.env = env;
        this.flaw = flaw;
    }

    void run() throws InterruptedException {
        while (!isOver()) {
            RpcClient now;
            try {
                now = RpcClient.connect(
                        RpcSettings.of(env.getOrDefault("SUPERVISOR_WS_URL", ""), null), Time.system(), this::notified);
            } catch (ConnectionLost e) {
                pause(50);
                continue;
            }
            try {
                serve(now);
            } catch (ConnectionLost | RemoteError e) {
                now.close();
            }
            RpcClient.Closed how = now.closed().join();
            if (how.code() == 4002 && flaw != Flaw.COMES_BACK_FOR_EVER) {
                close();
            }
            boolean hint = how.reason().startsWith("retry_after_ms=") && flaw != Flaw.HURRIES_BACK;
            pause(hint ? Long.parseLong(how.reason().substring(15)) + 5 : 20);
        }
    }

    private void serve(RpcClient now) throws InterruptedException {
        Map<String, Object> hello = hello();
        Map<String, Object> session = Tree.object(call(now, "runner.connect", hello, LONG));
        Tree.array(session.get("verdicts")).forEach(verdict -> {
            if ("abandon".equals(Tree.object(verdict).get("verdict"))) {
                abandon(Tree.object(verdict));
            }
        });
        synchronized (this) {
            sessionId = Tree.string(session, "session_id", "");
            rpc = now;
            notifyAll();
        }
        long beatMs = Tree.whole(session, "heartbeat_ms", 0) * (flaw == Flaw.BEATS_SELDOM ? 9 : 1);
        long leaseMs = flaw == Flaw.TRUSTS_SILENCE ? 600_000 : Tree.whole(session, "lease_ms", 0);
        Thread.ofVirtual().start(() -> beat(now, beatMs, leaseMs));
        while (!now.closed().isDone() && !isOver()) {
            pull(now);
        }
        now.close();
    }

    private synchronized Map<String, Object> hello() {
        Map<String, Object> hello = new LinkedHashMap<>();
        hello.put("secret", env.getOrDefault("SUPERVISOR_SECRET", ""));
        hello.put("name", "tiny");
        hello.put("slots", SLOTS);
        hello.put("executors", List.of("tiny"));
        if (sessionId != null && flaw != Flaw.FORGETS_ITS_SESSION) {
            hello.put("resume", Map.of("session_id", sessionId, "running", names()));
        }
        return hello;
    }

    private synchronized List<Map<String, Object>> names() {
        return held.values().stream().map(Run::name).toList();
    }

    private void beat(RpcClient now, long beatMs, long leaseMs) {
        try {
            while (!closed(now, beatMs)) {
                List<?> names = flaw == Flaw.NAMES_NOTHING ? List.of() : names();
                obey(Tree.object(
                        call(now, "runner.heartbeat", Map.of("running", names), Duration.ofMillis(leaseMs - beatMs))));
            }
        } catch (RemoteError | ConnectionLost e) {
            now.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean closed(RpcClient now, long withinMs) throws InterruptedException {
        try {
            now.closed().get(withinMs, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private void pull(RpcClient now) throws InterruptedException {
        int free;
        synchronized (this) {
            free = SLOTS
                    - (int) held.values().stream().filter(run -> !run.ended).count();
            if (draining && held.isEmpty() && flaw != Flaw.DRAINS_NEVER) {
                closed = true;
            }
            if (draining) {
                free = 0;
            }
        }
        if (free == 0 && (flaw != Flaw.ASKS_FOR_TOO_MUCH || isDraining())) {
            pause(10);
            return;
        }
        Map<String, Object> params = new LinkedHashMap<>(Map.of(
                "max",
                flaw == Flaw.ASKS_FOR_TOO_MUCH ? SLOTS : free,
                flaw == Flaw.MISSPELLS ? "waitMs" : "wait_ms",
                5000));
        try {
            Map<String, Object> answer = Tree.object(call(now, "runner.pull", params, LONG));
            Tree.array(answer.get("jobs")).forEach(job -> take(Tree.object(job)));
            obey(answer);
        } catch (RemoteError e) {
            pause(flaw == Flaw.DOES_NOT_WAIT_WHEN_BUSY ? 1 : e.retryAfterMs(50));
        }
    }

    private void take(Map<String, Object> job) {
        Run run = new Run(job);
        synchronized (this) {
            Run other = held.putIfAbsent(run.name().toString(), run);
            if (other != null && flaw != Flaw.RUNS_TWICE) {
                return;
            }
        }
        Thread.ofVirtual().start(() -> {
            try {
                Map<String, Object> result = work(run);
                synchronized (this) {
                    run.ended = true;
                    notifyAll();
                }
                report(run, result);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    /// What a process would do.
    private Map<String, Object> work(Run run) throws InterruptedException {
        Map<String, Object> variables = Tree.object(run.job.get("env_vars"));
        String payload = Tree.string(run.job, "payload", "");
        if (payload.equals("say")) {
            return Map.of("success", Tree.string(variables, "CHECK_TEXT", ""));
        } else if (payload.equals("fail")) {
            return Map.of(
                    "error",
                    Tree.string(variables, "CHECK_TEXT", ""),
                    "exit_code",
                    flaw == Flaw.TELLS_A_WRONG_CODE ? 1 : 3);
        } else if (payload.isEmpty()) {
            return Map.of("success", "");
        }
        int ticks = Integer.parseInt(Tree.string(variables, "CHECK_TICKS", "0"));
        int limit = flaw == Flaw.HAS_NO_DEADLINE ? ticks : (int) Tree.whole(run.job, "deadline_ms", 0) / 50;
        for (int i = 0; i < Math.min(ticks, limit); i++) {
            mark(Path.of(Tree.string(variables, "CHECK_MARKS", "")));
            pause(50);
            synchronized (this) {
                if (closed || run.killed || (run.ending && !payload.equals("stubborn"))) {
                    return Map.of("error", "stopped");
                }
            }
        }
        return ticks > limit ? Map.of("error", "timed out") : Map.of("success", "");
    }

    private static void mark(Path file) {
        try {
            Files.writeString(file, ".", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void report(Run run, Map<String, Object> result) throws InterruptedException {
        Map<String, Object> item = new LinkedHashMap<>(run.name());
        item.put("lease", run.job.getOrDefault("lease", ""));
        item.putAll(result);
        boolean again = true;
        while (again) {
            RpcClient now;
            synchronized (this) {
                if (run.dropped || closed) {
                    return;
                }
                now = rpc;
            }
            try {
                List<?> answer = Tree.array(
                        call(Objects.requireNonNull(now), "runner.result", Map.of("results", List.of(item)), LONG));
                again = flaw == Flaw.REPEATS_STALE_RESULTS
                        && "stale".equals(Tree.object(answer.getFirst()).get("outcome"));
            } catch (ConnectionLost e) {
                again = flaw != Flaw.FORGETS_LOST_RESULTS;
                pause(20);
            } catch (RemoteError e) {
                pause(e.retryAfterMs(20));
            }
        }
        synchronized (this) {
            held.remove(run.name().toString());
            notifyAll();
        }
    }

    // ---- orders ----

    private void obey(Map<String, Object> answer) {
        Tree.array(answer.get("stops")).forEach(stop -> stop(Tree.object(stop)));
        Tree.array(answer.get("abandon")).forEach(one -> abandon(Tree.object(one)));
        if (Boolean.TRUE.equals(answer.get("drain"))) {
            synchronized (this) {
                draining = true;
                notifyAll();
            }
        }
    }

    private void notified(String method, @Nullable Object params) {
        if (method.equals("runner.stop")) {
            stop(Tree.object(params));
        }
    }

    private synchronized void stop(Map<String, Object> order) {
        if (flaw == Flaw.IGNORES_STOPS) {
            return;
        }
        List<Run> meant = new ArrayList<>(held.values());
        if (flaw != Flaw.STOPS_WHATEVER_RUNS) {
            meant.removeIf(run -> !names(order, run));
        }
        for (Run run : meant) {
            boolean first = !run.ending;
            run.ending = true;
            if ("kill".equals(order.get("mode"))) {
                run.killed = true;
            } else if (first) {
                Thread.ofVirtual().start(() -> killAfter(run, Tree.whole(order, "grace_ms", 0)));
            }
        }
    }

    private static boolean names(Map<String, Object> message, Run run) {
        return String.valueOf(run.name().get("job_id")).equals(String.valueOf(message.get("job_id")))
                && String.valueOf(run.name().get("attempt")).equals(String.valueOf(message.get("attempt")));
    }

    private void killAfter(Run run, long graceMs) {
        try {
            pause(graceMs);
            synchronized (this) {
                run.killed = true;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void abandon(Map<String, Object> named) {
        if (flaw == Flaw.KEEPS_ABANDONED_JOBS) {
            return;
        }
        held.values().removeIf(run -> {
            boolean meant = names(named, run);
            run.dropped |= meant;
            run.killed |= meant;
            return meant;
        });
    }

    // ---- small things ----

    private static @Nullable Object call(RpcClient on, String method, Map<String, ?> params, Duration most)
            throws InterruptedException {
        try {
            return on.call(method, params).get(most.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        } catch (TimeoutException e) {
            throw new ConnectionLost(1006, "no answer");
        }
    }

    /// A pause that the end of the runner does not wait for.
    private void pause(long ms) throws InterruptedException {
        long untilNs = System.nanoTime() + ms * 1_000_000;
        synchronized (this) {
            for (long left = ms; left > 0 && !closed; left = (untilNs - System.nanoTime()) / 1_000_000) {
                wait(left);
            }
        }
    }

    private synchronized boolean isDraining() {
        return draining;
    }

    private synchronized boolean isOver() {
        return closed;
    }

    @Override
    public synchronized void close() {
        closed = true;
        notifyAll();
        if (rpc != null) {
            RpcClient last = rpc;
            Thread.ofVirtual().start(last::close);
        }
    }
}
