package hero.supervisor.process;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import hero.supervisor.app.PostgresProcess;
import hero.supervisor.domain.JobResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The whole system as processes while processes, sockets and PostgreSQL break at random, then calm: nothing is
/// lost, nothing is recorded twice, everybody is answered, nothing is left over.
///
/// `-Dcampaign.jobs=N` for another size, `-Dcampaign.seed=N` for the same faults again. The times at which they
/// hit are those of the machine: a seed repeats the kind of a run, not its every step.
@Timeout(1800)
final class CampaignTest {
    private static final int CLIENTS = 20;
    private static final int GATEWAYS = 3;

    @TempDir
    Path folder;

    private final int jobs = Integer.getInteger("campaign.jobs", 250);
    private final boolean large = jobs > 2000;
    private final long seed = Long.getLong("campaign.seed", new SplittableRandom().nextLong(1_000_000));
    private final Map<String, JobResult> told = new ConcurrentHashMap<>();
    private final Map<String, String> wrong = new ConcurrentHashMap<>();
    private final AtomicLong longestMs = new AtomicLong();

    private Map<String, String> settings() {
        return Map.of(
                "SUPERVISOR_HEARTBEAT_MS",
                large ? "2000" : "500",
                "SUPERVISOR_LEASE_MS",
                large ? "10000" : "2000",
                "SUPERVISOR_RESUME_GRACE_MS",
                large ? "5000" : "1000",
                "SUPERVISOR_REDELIVERIES",
                "100",
                "SUPERVISOR_DRAIN_MS",
                "2000",
                "SUPERVISOR_DB_WAIT_MS",
                "120000");
    }

    @Test
    void nothing_is_lost_while_everything_breaks() throws Exception {
        System.out.println("campaign of " + jobs + " jobs, seed " + seed);
        long beganNs = System.nanoTime();
        try (PostgresProcess postgres = PostgresProcess.start(folder);
                Cluster cluster =
                        new Cluster(folder, postgres, postgres.settings().url(), GATEWAYS, settings())) {
            Workers workers = new Workers(cluster, 3, large ? 2 : 1, large ? 100 : 40);
            List<Caller> callers = new ArrayList<>();
            for (int n = 0; n < CLIENTS; n++) {
                callers.add(new Caller(cluster, n, large ? 15 : 4, seed));
            }
            var pace = large ? new Chaos.Pace(4000, 60_000, 120) : new Chaos.Pace(700, 3000, 8);
            Chaos chaos = new Chaos(cluster, postgres, workers, pace, seed);
            System.out.println("all runs after " + seconds(beganNs, System.nanoTime()) + " s");
            long stormNs = System.nanoTime();
            submit(callers);
            System.out.println("all handed in after " + seconds(stormNs, System.nanoTime()) + " s");
            Map<Chaos.Fault, Integer> faults = chaos.calm();
            long calmNs = System.nanoTime();
            System.out.println("calm after " + seconds(stormNs, calmNs) + " s of " + faults);
            awaitAll(callers);
            long answeredNs = System.nanoTime();
            Ledger ledger = new Ledger(postgres);
            ledger.assertRight(told);
            List<String> table = table(ledger, workers, callers, faults);
            table.add("| storm, calm until the last answer, whole run | " + seconds(stormNs, calmNs) + " s, "
                    + seconds(calmNs, answeredNs) + " s, " + seconds(beganNs, System.nanoTime()) + " s |");
            print(table);
            assertNothingLeft(cluster, workers, callers, ledger);
        }
    }

    private static long seconds(long fromNs, long toNs) {
        return Math.round((toNs - fromNs) / 1e9);
    }

    /// Hands in all jobs but for the last ones, which the storm's end finds on their way.
    private void submit(List<Caller> callers) throws InterruptedException {
        var random = new SplittableRandom(seed);
        List<Thread> threads = new ArrayList<>();
        List<List<Errand>> plans = new ArrayList<>();
        callers.forEach(caller -> plans.add(new ArrayList<>()));
        for (int n = 0; n < jobs; n++) {
            plans.get((n / 20) % CLIENTS).add(Errand.make(n, large ? 12_000 : 1500, random));
        }
        for (int c = 0; c < CLIENTS; c++) {
            Caller caller = callers.get(c);
            List<Errand> plan = plans.get(c);
            threads.add(Thread.startVirtualThread(() -> {
                try {
                    for (Errand errand : plan) {
                        caller.run(
                                errand,
                                (result, took) -> heard(errand, result, took),
                                failure -> wrong.put(errand.id(), errand + " " + failure));
                    }
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private void heard(Errand errand, JobResult result, Duration took) {
        longestMs.accumulateAndGet(took.toMillis(), Math::max);
        told.put(errand.id(), result);
        if (!errand.right(result)) {
            wrong.put(errand.id(), errand + " " + result);
        }
    }

    private void awaitAll(List<Caller> callers) throws InterruptedException {
        for (Caller caller : callers) {
            caller.awaitIdle();
        }
        assertEquals(Map.of(), new TreeMap<>(wrong));
        assertEquals(jobs, told.size(), "answered callers");
    }

    private List<String> table(Ledger ledger, Workers workers, List<Caller> callers, Map<Chaos.Fault, Integer> faults)
            throws Exception {
        List<String> table = new ArrayList<>(List.of("| | |", "|---|---|"));
        table.add("| seed | " + seed + " |");
        table.add("| jobs, all final, all answered | " + told.size() + " |");
        table.add("| … of them real processes of the bundled runner | "
                + ledger.number("select count(*) from jobs where runner = 'shell'")
                + " |");
        table.add("| attempts | " + ledger.number("select count(*) from job_events where status = 'running'") + " |");
        table.add("| redeliveries after a lost runner | " + ledger.number("select sum(losses) from jobs") + " |");
        table.add("| hand-overs taken back uncounted | "
                + ledger.number("select count(*) from job_events where detail = 'released'") + " |");
        table.add("| outcomes refused as stale, answered as duplicate (as the cheap runners heard) | "
                + workers.told("stale") + ", " + workers.told("duplicate") + " |");
        table.add("| `at_most_once` jobs that ended with `runner lost` | "
                + ledger.number("select count(*) from jobs where error = 'runner lost'") + " |");
        table.add("| calls repeated by the clients | "
                + callers.stream().mapToLong(caller -> caller.repeats.get()).sum() + " |");
        faults.forEach((fault, count) -> table.add("| " + fault.words + " | " + count + " |"));
        table.add("| longest time until a caller was answered | " + longestMs.get() / 1000 + " s |");
        return table;
    }

    private void print(List<String> table) throws IOException {
        String text = String.join("\n", table) + "\n";
        System.out.println(text);
        Files.writeString(Path.of("target", "campaign.md"), text);
    }

    /// As many sessions as living runners, then of nobody; no socket, no waiting call, no connection.
    private void assertNothingLeft(Cluster cluster, Workers workers, List<Caller> callers, Ledger ledger)
            throws Exception {
        await("sessions").atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            Map<String, String> sessions = ledger.rows("select id, runner || ' at ' || node || ', seen '"
                    + " || seen_at::time || ' until ' || lease_until::time || ', now ' || now()::time"
                    + " from runner_sessions");
            assertEquals(workers.size(), sessions.size(), sessions::toString);
        });
        workers.end();
        callers.forEach(Caller::close);
        await("sessions of nobody")
                .atMost(Duration.ofSeconds(60))
                .until(() -> ledger.number("select count(*) from runner_sessions") == 0);
        for (int node = 0; node < GATEWAYS; node++) {
            int at = node;
            await("sockets of gateway " + node).atMost(Duration.ofSeconds(60)).until(() -> cluster.sockets(at) == 0);
            // It looks once a second: just after the last fault it may still say what it saw then.
            await("gateway " + node + " ready")
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> cluster.health(at, "ready") == 200);
        }
        // A pool of ten and the connection that listens, each.
        assertEquals(
                0,
                ledger.number("select count(*) / (" + GATEWAYS * 11 + " + 1) from pg_stat_activity"
                        + " where application_name = 'hero-supervisor'"));
        assertEquals(
                0,
                ledger.number("select count(*) from pg_stat_activity"
                        + " where application_name = 'hero-supervisor' and xact_start < now() - interval '30 s'"));
        for (int node = 0; node < GATEWAYS; node++) {
            cluster.server(node).signal("TERM");
        }
        for (int node = 0; node < GATEWAYS; node++) {
            assertEquals(0, cluster.server(node).exit(), cluster.server(node)::toString);
        }
        await("connections")
                .atMost(Duration.ofSeconds(30))
                .until(() -> ledger.number(
                                "select count(*) from pg_stat_activity" + " where application_name = 'hero-supervisor'")
                        == 0);
    }
}
