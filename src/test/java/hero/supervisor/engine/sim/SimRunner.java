package hero.supervisor.engine.sim;

import static hero.supervisor.engine.sim.World.MS;
import static hero.supervisor.engine.sim.World.S;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Connect;
import hero.supervisor.domain.Hold;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.Origin;
import hero.supervisor.domain.Outcome;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Report;
import hero.supervisor.domain.Stop;
import hero.supervisor.engine.Beats;
import hero.supervisor.engine.Runners;
import hero.supervisor.engine.Session;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/// A runner that keeps the protocol as far as its faults let it.
@SuppressWarnings("ReferenceEquality") // Connections and tasks are told apart by identity.
final class SimRunner extends Actor {
    final String id;
    final String name;
    final int slots;
    private final World world;
    private final Map<String, Task> tasks = new LinkedHashMap<>();
    private final Map<Assignment.Key, Report> spool = new LinkedHashMap<>();
    private final Set<Assignment.Key> seen = new HashSet<>();
    private @Nullable SimLink link;
    private @Nullable String sessionId;
    private boolean connected;
    private long heard;
    private long pullUntil;

    private record Task(Assignment given) {
        Hold hold() {
            return new Hold(given.job().id(), given.attempt());
        }
    }

    SimRunner(World world, String id, String name, int slots) {
        this.world = world;
        this.id = id;
        this.name = name;
        this.slots = slots;
    }

    void start() {
        world.at(this, world.between(0, 500), this::work);
        world.at(this, world.between(500, 2500), this::beat);
    }

    /// Faults have ended: it runs.
    void settle() {
        stalledUntil = 0;
        if (!up) {
            up = true;
            start();
        }
    }

    // ---- the connection ----

    private List<Hold> running() {
        List<Hold> all = new ArrayList<>();
        tasks.values().forEach(task -> all.add(task.hold()));
        spool.keySet().forEach(key -> all.add(new Hold(key.jobId(), key.attempt())));
        return all;
    }

    private void connect() {
        SimNode node = world.runnersNode();
        if (!node.up) {
            return;
        }
        var resume = sessionId == null ? null : new Connect.Resume(sessionId, running());
        var hello = new Connect(name, null, slots, List.of("osis"), Map.of(), resume);
        var mine = new SimLink(world, this, node);
        link = mine;
        heard = world.now();
        mine.connect(at -> greeted(node, hello, at), joined -> joined(mine, joined));
    }

    private Runners.Joined greeted(SimNode node, Connect hello, SimLink at) {
        Runners.Joined joined = node.engine().runners().connect(hello, at, Origin.NONE);
        Connect.Resume resume = hello.resume();
        if (resume != null && resume.sessionId().equals(joined.answer().sessionId())) {
            world.checker.named(joined.session(), resume.running());
        }
        return joined;
    }

    private void joined(SimLink from, Runners.Joined joined) {
        if (link != from) {
            return;
        }
        heard = world.now();
        connected = true;
        pullUntil = 0;
        String now = joined.answer().sessionId();
        boolean kept = now.equals(sessionId);
        sessionId = now;
        joined.answer().verdicts().stream()
                .filter(verdict -> !verdict.keep())
                .forEach(verdict -> abandon(verdict.hold()));
        if (!kept) {
            // What was begun in a session that has ended is of no use to anybody.
            List.copyOf(tasks.values()).forEach(task -> abandon(task.hold()));
        }
        spool.values().forEach(this::send);
    }

    void reconnect() {
        SimLink old = link;
        link = null;
        connected = false;
        if (old != null) {
            old.runnerCloses();
        }
    }

    void closed(SimLink which) {
        if (link == which) {
            reconnect();
        }
    }

    // ---- the work ----

    private void work() {
        world.at(this, world.between(200, 400), this::work);
        if (world.hit(Fault.RUNNER_CRASH)) {
            crash();
            return;
        }
        if (world.hit(Fault.RUNNER_STALL)) {
            stalledUntil = world.now() + world.between(1000, 20_000);
        }
        if (link != null && (world.hit(Fault.DISCONNECT) || world.now() - heard > 6 * S)) {
            reconnect();
        }
        if (link == null) {
            connect();
        } else if (connected) {
            pull(link);
        }
    }

    private void pull(SimLink at) {
        int free = slots - tasks.size();
        if (free > 0 && world.now() >= pullUntil) {
            pullUntil = world.now() + 12 * S;
            at.pull(free, jobs -> {
                pullUntil = 0;
                heard = world.now();
                jobs.forEach(this::begin);
            });
        }
    }

    private void begin(Assignment given) {
        if (world.hit(Fault.FORGET_HANDOVER) || !seen.add(given.key())) {
            return;
        }
        Task task = new Task(given);
        tasks.put(given.job().id(), task);
        world.checker.begun(given);
        long takes = world.chance(0.1) ? world.between(5000, 15_000) : world.between(50, 3000);
        world.at(this, takes, () -> {
            JobResult result = world.chance(0.25)
                    ? new JobResult.Failure("broken " + given.lease(), 3)
                    : new JobResult.Success("done " + given.lease());
            ended(task, result);
        });
    }

    private void ended(Task task, JobResult result) {
        if (tasks.remove(task.given.job().id(), task)) {
            report(task, result);
        }
    }

    private void report(Task task, JobResult result) {
        var report = new Report(task.given.key(), result);
        spool.put(report.key(), report);
        long late = world.hit(Fault.RESULT_LATE) ? world.between(500, 12_000) : 0;
        world.at(this, late, () -> send(report));
        if (world.hit(Fault.RESULT_AGAIN)) {
            world.at(this, world.between(0, 5000), () -> send(report));
        }
    }

    private void send(Report report) {
        SimLink at = link;
        if (at == null || !connected) {
            return;
        }
        at.ask(
                session -> {
                    world.checker.reported(report);
                    CompletableFuture<Outcome> outcome = at.node()
                            .engine()
                            .runners()
                            .complete(session, List.of(report), Origin.NONE)
                            .getFirst();
                    outcome.whenComplete((told, error) -> {
                        if (error == null) {
                            at.tell(() -> answered(report, told));
                        }
                    });
                    return 0;
                },
                _ -> {},
                _ -> {});
    }

    private void answered(Report report, Outcome outcome) {
        heard = world.now();
        world.checker.answered(report, outcome);
        spool.remove(report.key());
        SimLink at = link;
        if (at != null && world.hit(Fault.RELEASE_LATE)) {
            world.at(
                    this,
                    world.between(0, 3000),
                    () -> at.ask(
                            session -> {
                                at.node().engine().runners().release(session, List.of(report.key()));
                                return 0;
                            },
                            _ -> {},
                            _ -> {}));
        }
    }

    private void abandon(Hold hold) {
        Task task = tasks.get(hold.jobId());
        if (task == null || task.given.attempt() != hold.attempt()) {
            return;
        }
        tasks.remove(hold.jobId(), task);
        if (world.hit(Fault.DEAF)) {
            // It goes on behind our back, and reports.
            world.at(this, world.between(100, 4000), () -> report(task, new JobResult.Success("deaf")));
        }
    }

    void told(List<Stop> orders) {
        for (Stop order : orders) {
            Task task = tasks.get(order.hold().jobId());
            if (task != null
                    && task.given.attempt() == order.hold().attempt()
                    && (order.kill() || !world.hit(Fault.DEAF))) {
                world.at(
                        this,
                        world.between(0, 300),
                        () -> ended(task, new JobResult.Failure("killed " + task.given.lease(), 143)));
            }
        }
    }

    private void beat() {
        world.at(this, 2 * S - world.between(0, 200) + 100 * MS, this::beat);
        SimLink at = link;
        if (at == null || !connected) {
            return;
        }
        List<Hold> running = running();
        at.ask(
                session -> world.checker.beat(session, running, () -> beaten(at, session, running)),
                beat -> {
                    heard = world.now();
                    beat.abandon().forEach(this::abandon);
                    told(beat.stops());
                },
                refusal -> {
                    if ("session_lost".equals(refusal.data().get("reason"))) {
                        reconnect();
                    }
                });
        List.copyOf(spool.values()).forEach(this::send);
    }

    /// Writes of leases are told at once here (see [SimStore]).
    private static Beats.Beat beaten(SimLink at, Session session, List<Hold> running) {
        try {
            return at.node().engine().runners().beat(session, running).join().answer();
        } catch (CompletionException e) {
            throw e.getCause() instanceof Refusal refusal ? refusal : e;
        }
    }

    private void crash() {
        die();
        reconnect();
        tasks.clear();
        spool.clear();
        seen.clear();
        sessionId = null;
        world.at(world.between(500, 10_000), this::settle);
    }
}
