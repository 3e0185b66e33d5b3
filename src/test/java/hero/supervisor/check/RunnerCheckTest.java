package hero.supervisor.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.client.ConnectionLost;
import hero.supervisor.domain.Time;
import hero.supervisor.runner.Runner;
import hero.supervisor.runner.RunnerSettings;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Isolated;

/// The kit against the bundled runner, which is right, and against small ones that are wrong in one way each.
/// Checks wait far more than they work, so many go at once; what they wait for has times, so nothing else does.
@Timeout(120)
@Isolated
final class RunnerCheckTest {
    private static final AtomicLong RUNNERS = new AtomicLong();
    private static final int GROUPS = 6;
    private static final Executor THREADS = task -> Thread.ofVirtual().start(task);
    private static final CheckSettings TIMES = CheckSettings.of(List.of()).withTimes(50, 1500, Duration.ofSeconds(20));

    /// A runner under test; starts anew whenever it has ended, as an operator's system does.
    private interface Kind {
        /// Returns what ends it.
        Runnable start(Map<String, String> env, Runnable ended);
    }

    private static final class Keeper implements AutoCloseable {
        private final Kind kind;
        private final Map<String, String> env;
        private @Nullable Runnable present;
        private boolean over;

        Keeper(Kind kind, Map<String, String> env) {
            this.kind = kind;
            this.env = env;
            start();
        }

        private synchronized void start() {
            if (!over) {
                present = kind.start(env, this::start);
            }
        }

        @Override
        public void close() {
            Runnable last;
            synchronized (this) {
                over = true;
                last = present;
            }
            if (last != null) {
                last.run();
            }
        }
    }

    /// Id and sentence of each case that did not pass.
    private static Map<String, String> complaints(CheckSettings settings, Kind kind) {
        Map<String, String> complaints = new TreeMap<>();
        try (RunnerCheck check = RunnerCheck.open(settings, Time.system(), new SplittableRandom(1), line -> {});
                Keeper keeper = new Keeper(kind, check.environment())) {
            assertFalse(keeper.over);
            check.run(verdict -> {
                if (verdict.outcome() == Verdict.Outcome.FAILED) {
                    complaints.put(verdict.id(), verdict.seen());
                }
            });
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return complaints;
    }

    private static Runnable bundled(Map<String, String> env, Runnable ended) {
        Runner runner = new Runner(
                RunnerSettings.of(
                        List.of(URI.create(env.getOrDefault("SUPERVISOR_WS_URL", ""))),
                        "bundled",
                        3,
                        Map.of("sh", List.of("sh")),
                        env.getOrDefault("SUPERVISOR_SECRET", "")),
                Time.system(),
                // Each its own: runners of one process that draw alike would share a work folder.
                new SplittableRandom(RUNNERS.incrementAndGet()),
                line -> {});
        THREADS.execute(() -> {
            try {
                runner.run();
            } catch (ConnectionLost e) {
                // Superseded, or the check is over.
            }
            ended.run();
        });
        return runner::close;
    }

    private static Kind tiny(Flaw flaw) {
        return (env, ended) -> {
            TinyRunner runner = new TinyRunner(env, flaw);
            THREADS.execute(() -> {
                try {
                    runner.run();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                ended.run();
            });
            return runner::close;
        };
    }

    /// All cases, some at a time.
    private static Map<String, String> all(CheckSettings settings, Kind kind) {
        List<String> ids = List.copyOf(RunnerCheck.list().keySet());
        List<CompletableFuture<Map<String, String>>> groups = new ArrayList<>();
        for (int group = 0; group < GROUPS; group++) {
            List<String> mine = new ArrayList<>();
            for (int i = group; i < ids.size(); i += GROUPS) {
                mine.add(ids.get(i));
            }
            groups.add(CompletableFuture.supplyAsync(() -> complaints(settings.withOnly(mine), kind), THREADS));
        }
        Map<String, String> complaints = new TreeMap<>();
        groups.forEach(group -> complaints.putAll(group.join()));
        return complaints;
    }

    @Test
    void the_bundled_runner_stands_every_case() {
        assertEquals(Map.of(), all(TIMES, RunnerCheckTest::bundled));
    }

    @Test
    void a_wrong_runner_fails_the_case_it_should_and_no_other() {
        Map<Flaw, List<String>> expected = new EnumMap<>(Map.ofEntries(
                Map.entry(Flaw.BEATS_SELDOM, List.of("heartbeat")),
                Map.entry(Flaw.TELLS_A_WRONG_CODE, List.of("error")),
                Map.entry(Flaw.ASKS_FOR_TOO_MUCH, List.of("credit")),
                Map.entry(Flaw.NAMES_NOTHING, List.of("names")),
                Map.entry(Flaw.RUNS_TWICE, List.of("twice")),
                Map.entry(Flaw.HAS_NO_DEADLINE, List.of("deadline")),
                Map.entry(Flaw.DOES_NOT_WAIT_WHEN_BUSY, List.of("busy")),
                Map.entry(Flaw.FORGETS_LOST_RESULTS, List.of("answer-lost")),
                Map.entry(Flaw.REPEATS_STALE_RESULTS, List.of("stale")),
                Map.entry(Flaw.IGNORES_STOPS, List.of("stop", "kill")),
                Map.entry(Flaw.STOPS_WHATEVER_RUNS, List.of("stop-unknown")),
                Map.entry(Flaw.FORGETS_ITS_SESSION, List.of("cut", "half-open", "restart", "session-gone")),
                Map.entry(Flaw.KEEPS_ABANDONED_JOBS, List.of("abandon", "abandon-beat")),
                Map.entry(Flaw.TRUSTS_SILENCE, List.of("half-open")),
                Map.entry(Flaw.HURRIES_BACK, List.of("restart")),
                Map.entry(Flaw.COMES_BACK_FOR_EVER, List.of("superseded")),
                Map.entry(Flaw.DRAINS_NEVER, List.of("drain")),
                Map.entry(Flaw.MISSPELLS, List.of("connect", "success"))));
        assertEquals(Flaw.values().length - 1, expected.size(), "each flaw is expected to show");
        CheckSettings settings = new CheckSettings(
                0, List.of(), List.of(), "tiny", TinyRunner.PAYLOADS, 50, 1000, Duration.ofSeconds(3));
        Map<Flaw, CompletableFuture<Map<String, String>>> played = new EnumMap<>(Flaw.class);
        expected.forEach((flaw, cases) -> {
            List<String> only = new ArrayList<>(cases);
            only.add("success");
            played.put(
                    flaw,
                    CompletableFuture.supplyAsync(() -> complaints(settings.withOnly(only), tiny(flaw)), THREADS));
        });
        assertEquals(
                Map.of(), all(settings.withTimes(50, 1500, Duration.ofSeconds(20)), tiny(Flaw.NONE)), "without a flaw");
        Map<Flaw, List<String>> seen = new EnumMap<>(Flaw.class);
        Map<Flaw, List<String>> due = new EnumMap<>(Flaw.class);
        Map<Flaw, Map<String, String>> words = new LinkedHashMap<>();
        played.forEach((flaw, complaints) -> {
            words.put(flaw, complaints.join());
            seen.put(flaw, List.copyOf(complaints.join().keySet()));
            due.put(
                    flaw,
                    expected.getOrDefault(flaw, List.of()).stream().sorted().toList());
        });
        assertEquals(due, seen, words.toString());
        String said = words.getOrDefault(Flaw.MISSPELLS, Map.of()).getOrDefault("connect", "");
        assertTrue(said.startsWith("a server refuses this runner's runner.pull: "), said);
    }

    /// It has nothing to beat for any more. The patience ends before a first heartbeat would come.
    @Test
    void a_runner_that_drains_between_two_heartbeats_is_right() {
        CheckSettings settings = new CheckSettings(
                0, List.of("drain"), List.of(), "tiny", TinyRunner.PAYLOADS, 4000, 12_000, Duration.ofSeconds(3));
        assertEquals(Map.of(), complaints(settings, tiny(Flaw.NONE)));
    }

    @Test
    void a_runner_that_never_connects_is_no_verdict() {
        try (RunnerCheck check = RunnerCheck.open(
                TIMES.withTimes(50, 150, Duration.ofSeconds(1)), Time.system(), new SplittableRandom(1), line -> {})) {
            var why = assertThrows(RunnerCheck.NeverConnected.class, () -> check.run(verdict -> {}));
            assertTrue(String.valueOf(why.getMessage()).startsWith("no runner connected within 1 s"), why.getMessage());
        }
    }

    @Test
    void a_case_that_there_is_not_is_refused_with_those_that_there_are() {
        var why = assertThrows(
                IllegalArgumentException.class,
                () -> RunnerCheck.open(
                        TIMES.withOnly(List.of("sucess")), Time.system(), new SplittableRandom(1), line -> {}));
        assertTrue(
                String.valueOf(why.getMessage()).contains("'sucess'; there are connect, heartbeat"), why.getMessage());
        assertFalse(RunnerCheck.list().isEmpty());
    }
}
