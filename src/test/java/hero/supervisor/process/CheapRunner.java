package hero.supervisor.process;

import hero.supervisor.client.Addresses;
import hero.supervisor.client.ConnectionLost;
import hero.supervisor.client.RemoteError;
import hero.supervisor.client.RpcClient;
import hero.supervisor.client.RpcSettings;
import hero.supervisor.client.Tree;
import hero.supervisor.domain.Time;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// A runner in a process of its own whose jobs cost nothing: thousands of them on two cores. It keeps to the
/// protocol as `docs/PROTOCOL.md` asks: beats, resumes, spools results until they are answered, obeys stops and
/// abandons. A job's payload is `number;milliseconds;mode`, see [Errand].
///
/// Prints one line per outcome that was not `recorded`.
final class CheapRunner {
    private static final int PULL_WAIT_MS = 5000;
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(15);

    private record Key(String jobId, long attempt) {
        Map<String, Object> tree() {
            return Map.of("job_id", jobId, "attempt", attempt);
        }

        static Key of(Map<String, Object> tree) {
            return new Key(Tree.string(tree, "job_id", ""), Tree.whole(tree, "attempt", 0));
        }
    }

    private final String name;
    private final String queue;
    private final int slots;
    private final String secret;
    private final Addresses addresses;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

    /// Begun or ended, and not yet answered for; the value is the lease.
    private final Map<Key, Object> held = new ConcurrentHashMap<>();

    /// Results that the server has not answered.
    private final Map<Key, Map<String, Object>> spool = new ConcurrentHashMap<>();

    private @Nullable String sessionId;

    private CheapRunner(String name, String queue, int slots, List<URI> urls, String secret) {
        this.name = name;
        this.queue = queue;
        this.slots = slots;
        this.secret = secret;
        this.addresses = new Addresses(urls, new SplittableRandom(name.hashCode()));
    }

    /// `name queue slots url…`, the secret in `SUPERVISOR_SECRET`.
    public static void main(String[] words) throws InterruptedException {
        List<URI> urls = Arrays.stream(words).skip(3).map(URI::create).toList();
        String secret = System.getenv().getOrDefault("SUPERVISOR_SECRET", "");
        new CheapRunner(words[0], words[1], Integer.parseInt(words[2]), urls, secret).run();
    }

    private void run() throws InterruptedException {
        while (true) {
            Duration pause;
            try (var rpc = RpcClient.connect(
                    RpcSettings.of(addresses.current(), secret)
                            .withSilence(Duration.ofSeconds(2), Duration.ofSeconds(6)),
                    Time.system(),
                    this::notified)) {
                long beatMs = greet(rpc);
                Thread pull = Thread.startVirtualThread(() -> loop(rpc, () -> pull(rpc)));
                Thread deliver = Thread.startVirtualThread(() -> loop(rpc, () -> deliver(rpc)));
                Thread beat = Thread.startVirtualThread(() -> loop(rpc, () -> beat(rpc, beatMs)));
                pause = addresses.lost(rpc.closed().join());
                for (Thread thread : List.of(pull, deliver, beat)) {
                    thread.interrupt();
                    thread.join();
                }
            } catch (ConnectionLost | RemoteError e) {
                pause = addresses.failed();
            }
            pause(pause.toMillis());
        }
    }

    private static void pause(long ms) throws InterruptedException {
        new CountDownLatch(1).await(ms, TimeUnit.MILLISECONDS);
    }

    /// Connects or resumes; the milliseconds between two beats.
    private long greet(RpcClient rpc) throws InterruptedException {
        Map<String, Object> hello = new LinkedHashMap<>();
        hello.putAll(Map.of("name", name, "queue", queue, "slots", slots, "executors", List.of("sh")));
        if (sessionId != null) {
            hello.put("resume", Map.of("session_id", sessionId, "running", running()));
        }
        Map<String, Object> answer = Tree.object(call(rpc, "runner.connect", hello));
        addresses.reached();
        sessionId = Tree.string(answer, "session_id", "");
        for (Object verdict : Tree.array(answer.get("verdicts"))) {
            if (Tree.string(Tree.object(verdict), "verdict", "").equals("abandon")) {
                abandon(Key.of(Tree.object(verdict)));
            }
        }
        System.out.println("runner " + name + " connected");
        return Math.max(10, Tree.whole(answer, "heartbeat_ms", 1000));
    }

    private List<Map<String, Object>> running() {
        return held.keySet().stream().map(Key::tree).toList();
    }

    private static @Nullable Object call(RpcClient rpc, String method, Map<String, ?> params)
            throws InterruptedException {
        try {
            return rpc.call(method, params).get(ANSWER_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException known ? known : new IllegalStateException(e);
        } catch (TimeoutException e) {
            rpc.close();
            throw new ConnectionLost(1006, "no answer to " + method);
        }
    }

    private interface Round {
        void play() throws InterruptedException;
    }

    private static void loop(RpcClient rpc, Round round) {
        try {
            while (!rpc.closed().isDone()) {
                try {
                    round.play();
                } catch (RemoteError e) {
                    if (e.is("conflict")) {
                        rpc.close(); // The session is gone: only a new connection gives another.
                        return;
                    }
                    pause(Math.min(500, e.retryAfterMs(200)));
                }
            }
        } catch (ConnectionLost e) {
            rpc.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void pull(RpcClient rpc) throws InterruptedException {
        int free = slots - held.size();
        if (free <= 0) {
            pause(20);
            return;
        }
        Map<String, Object> answer =
                Tree.object(call(rpc, "runner.pull", Map.of("max", free, "wait_ms", PULL_WAIT_MS)));
        for (Object job : Tree.array(answer.get("jobs"))) {
            begin(Tree.object(job));
        }
        stops(answer.get("stops"));
    }

    private void begin(Map<String, Object> job) {
        var key = new Key(Tree.string(job, "id", ""), Tree.whole(job, "attempt", 0));
        held.keySet().removeIf(old -> old.jobId.equals(key.jobId) && old.attempt < key.attempt);
        Object lease = job.get("lease");
        if (lease == null || held.putIfAbsent(key, lease) != null) {
            return;
        }
        Errand errand = Errand.of(Tree.string(job, "payload", ""));
        timer.schedule(() -> end(key, errand.outcome(key.attempt)), errand.tookMs(), TimeUnit.MILLISECONDS);
    }

    private void end(Key key, Map<String, String> outcome) {
        Object lease = held.get(key);
        if (lease != null) {
            Map<String, Object> report = new LinkedHashMap<>(key.tree());
            report.put("lease", lease);
            report.putAll(outcome);
            spool.putIfAbsent(key, report);
        }
    }

    private void deliver(RpcClient rpc) throws InterruptedException {
        List<Key> keys = new ArrayList<>(spool.keySet()).stream().limit(500).toList();
        if (keys.isEmpty()) {
            pause(5);
            return;
        }
        Object answer = call(
                rpc,
                "runner.result",
                Map.of("results", keys.stream().map(spool::get).toList()));
        for (Object item : Tree.array(answer)) {
            String outcome = Tree.string(Tree.object(item), "outcome", "");
            if (!outcome.equals("recorded")) {
                System.out.println("outcome " + outcome + " " + Tree.string(Tree.object(item), "job_id", ""));
            }
        }
        keys.forEach(this::abandon);
    }

    private void beat(RpcClient rpc, long everyMs) throws InterruptedException {
        pause(everyMs);
        Map<String, Object> answer = Tree.object(call(rpc, "runner.heartbeat", Map.of("running", running())));
        for (Object item : Tree.array(answer.get("abandon"))) {
            abandon(Key.of(Tree.object(item)));
        }
        stops(answer.get("stops"));
    }

    private void abandon(Key key) {
        held.remove(key);
        spool.remove(key);
    }

    private void stops(@Nullable Object stops) {
        for (Object item : Tree.array(stops)) {
            end(Key.of(Tree.object(item)), Map.of("error", "told to stop"));
        }
    }

    private void notified(String method, @Nullable Object params) {
        if (method.equals("runner.stop")) {
            end(Key.of(Tree.object(params)), Map.of("error", "told to stop"));
        }
    }
}
