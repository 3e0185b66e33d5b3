package hero.supervisor.engine.sim;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Hold;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Outcome;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Report;
import hero.supervisor.engine.Beats.Beat;
import hero.supervisor.engine.Session;
import hero.supervisor.store.JobStore.Completed;
import hero.supervisor.store.JobStore.Completion;
import hero.supervisor.store.JobStore.Event;
import hero.supervisor.store.MemoryDatabase.View;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What is promised, looked at after every step. Knows jobs only by the event log and by what callers and runners
/// were told, and compares that with the rows.
final class Checker {
    private static final int EVERY = 16;
    private static final int MISSES_MAX = 8;

    private final World world;
    private final Map<String, Life> lives = new LinkedHashMap<>();
    private final Map<String, Set<JobResult>> results = new HashMap<>();
    private final Set<String> deleted = new HashSet<>();
    private final Set<Assignment.Key> recorded = new HashSet<>();
    private final Set<Assignment.Key> handed = new HashSet<>();
    private final Set<Assignment.Key> reported = new HashSet<>();
    private final Map<String, List<Assignment.Key>> inHands = new HashMap<>();
    private final Map<Session, Map<Assignment.Key, Integer>> misses = new HashMap<>();
    /// Beats in a row that came in and did not name a hand-over, also those that were refused; by the session as
    /// one gateway knows it: what another one hears, it does not.
    private final Map<Session, Map<Assignment.Key, Integer>> unnamed = new HashMap<>();

    private @Nullable Session beating;
    private @Nullable AssertionError broken;
    private int heard;
    private long stepCount;

    /// A job from its creation to its deletion, as the log tells it.
    private static final class Life {
        JobStatus status = JobStatus.CREATED;
        int attempt;
        int handOuts;

        @Nullable
        JobResult result;
    }

    Checker(World world) {
        this.world = world;
    }

    /// Kept as well as thrown: futures swallow what their listeners throw.
    private void check(boolean holds, String promise, Object... of) {
        if (!holds) {
            var error = new AssertionError(promise + ": " + List.of(of));
            broken = broken == null ? error : broken;
            throw error;
        }
    }

    void expect(Job job) {
        results.put(job.id(), new HashSet<>());
    }

    long steps() {
        return stepCount;
    }

    // ---- after every step ----

    void step() {
        List<Event> news = world.database.events(heard);
        heard += news.size();
        news.forEach(this::event);
        if (!news.isEmpty() || stepCount % EVERY == 0) {
            rows();
        }
        stepCount++;
        AssertionError error = broken;
        if (error != null) {
            throw error;
        }
    }

    private void event(Event event) {
        String jobId = event.jobId();
        Life life = lives.get(jobId);
        if (event.status().equals("created")) {
            check(life == null, "a job is created once", event);
            lives.put(jobId, new Life());
            return;
        }
        check(life != null, "the log begins with the creation", event);
        Objects.requireNonNull(life);
        switch (event.status()) {
            case "stopping" -> check(life.status == JobStatus.RUNNING, "only a running job is asked to stop", event);
            case "deleted" -> {
                check(life.status != JobStatus.RUNNING, "a running job is not deleted", event);
                lives.remove(jobId);
                deleted.add(jobId);
            }
            default -> moved(life, event);
        }
    }

    private void moved(Life life, Event event) {
        JobStatus next = JobStatus.of(event.status());
        check(life.status.mayBecome(next), "a job moves as JobStatus allows", life.status, event);
        int least = next == JobStatus.QUEUED && life.status == JobStatus.RUNNING ? life.attempt - 1 : life.attempt;
        if (next == JobStatus.RUNNING) {
            check(event.attempt() == life.attempt + 1, "each hand-over is the next attempt", life.attempt, event);
        } else {
            check(event.attempt() >= least && event.attempt() <= life.attempt, "attempts do not jump", event);
        }
        life.status = next;
        life.attempt = event.attempt();
    }

    private void rows() {
        List<View> rows = world.database.views();
        check(rows.size() == lives.size(), "each row has a life in the log", rows.size(), lives.size());
        for (View row : rows) {
            Life life = Objects.requireNonNull(lives.get(row.job().id()));
            check(row.status() == life.status, "the log ends in the state of the row", row, life.status);
            check((row.result() != null) == row.status().isFinal(), "an outcome if and only if final", row);
            if (row.result() != null) {
                check(life.result == null || life.result.equals(row.result()), "an outcome never changes", row);
                life.result = row.result();
                resultsOf(row.job().id()).add(row.result());
            }
        }
    }

    private Set<JobResult> resultsOf(String jobId) {
        return results.computeIfAbsent(jobId, _ -> new HashSet<>());
    }

    // ---- what is told ----

    /// A report of a runner was judged by the store.
    void completed(@Nullable View before, Completion completion, Completed told) {
        if (told.outcome() == Outcome.RECORDED) {
            Assignment.Key key = completion.key();
            check(
                    before != null
                            && before.status() == JobStatus.RUNNING
                            && before.attempt() == key.attempt()
                            && Objects.equals(before.lease(), key.lease()),
                    "only the present hand-over is recorded",
                    key,
                    String.valueOf(before));
            check(recorded.add(key), "a hand-over is recorded once", key);
        }
    }

    /// Hand-overs were given back; `before` is what was there. An earlier and the present one of a job may come
    /// together, in what two writes have brought to one pull.
    void released(List<Assignment.Key> keys, List<@Nullable View> before) {
        for (int i = 0; i < keys.size(); i++) {
            Assignment.Key key = keys.get(i);
            View was = before.get(i);
            boolean another = was != null
                    && was.status() == JobStatus.RUNNING
                    && keys.stream()
                            .noneMatch(given -> given.jobId().equals(key.jobId())
                                    && was.attempt() == given.attempt()
                                    && Objects.equals(was.lease(), given.lease()));
            check(
                    !another || was.equals(world.database.view(key.jobId())),
                    "only the present hand-over is given back",
                    key,
                    String.valueOf(was));
        }
    }

    /// A gateway moved the lease of a session, or could not.
    void kept(String sessionId, String node, boolean moved) {
        check(
                !moved || node.equals(world.database.nodeOf(sessionId)),
                "a lease is moved by the session's own gateway",
                sessionId,
                node);
    }

    /// A beat comes in; `taken` is what its gateway makes of it.
    Beat beat(Session session, List<Hold> running, Supplier<Beat> taken) {
        named(session, running);
        beating = session;
        try {
            Beat beat = taken.get();
            beaten(session, running);
            return beat;
        } finally {
            beating = null;
        }
    }

    /// A beat or a resumption names what the runner has.
    void named(Session session, List<Hold> running) {
        Map<Assignment.Key, Integer> counts = unnamed.computeIfAbsent(session, _ -> new HashMap<>());
        for (Assignment.Key key : inHandsOf(session)) {
            if (running.contains(new Hold(key.jobId(), key.attempt()))) {
                counts.remove(key);
            } else {
                counts.merge(key, 1, Integer::sum);
            }
        }
    }

    /// What a session holds, by the rows.
    private List<Assignment.Key> inHandsOf(Session session) {
        List<Assignment.Key> keys = new ArrayList<>();
        for (View row : world.database.views()) {
            Long lease = row.lease();
            if (row.status() == JobStatus.RUNNING
                    && lease != null
                    && session.id().equals(row.sessionId())) {
                keys.add(new Assignment.Key(row.job().id(), row.attempt(), lease));
            }
        }
        return keys;
    }

    /// A gateway takes a hand-over from its runner. Within a beat it does so because beats do not name it, and one
    /// is not enough: the hand-over may be on its way.
    void takenBack(Assignment.Key key, @Nullable View before) {
        boolean held = before != null
                && before.status() == JobStatus.RUNNING
                && before.attempt() == key.attempt()
                && Objects.equals(before.lease(), key.lease());
        check(
                beating == null
                        || !held
                        || unnamed.getOrDefault(beating, Map.of()).getOrDefault(key, 0) >= 2,
                "only what two beats in a row do not name goes back",
                key);
    }

    /// A beat was taken. What beats do not name goes back: two of them are enough once the gateway knows of it,
    /// which takes a slow claim and a look into the store.
    private void beaten(Session session, List<Hold> running) {
        Map<Assignment.Key, Integer> missed = misses.computeIfAbsent(session, _ -> new HashMap<>());
        Set<Assignment.Key> now = new HashSet<>();
        for (Assignment.Key key : inHandsOf(session)) {
            if (!running.contains(new Hold(key.jobId(), key.attempt()))) {
                now.add(key);
                check(
                        missed.merge(key, 1, Integer::sum) <= MISSES_MAX,
                        "what beats do not name goes back",
                        session,
                        key);
            }
        }
        missed.keySet().retainAll(now);
    }

    /// A runner was told what became of its report.
    void answered(Report report, Outcome outcome) {
        check(
                outcome == Outcome.STALE || recorded.contains(report.key()),
                "recorded and duplicate are said of what is recorded",
                report,
                outcome);
    }

    /// A gateway answered a pull.
    void handed(SimNode node, Session session, int slots, int max, List<Assignment> jobs) {
        step();
        check(jobs.size() <= max, "no more than was asked for", jobs);
        List<Assignment.Key> mine =
                inHands.computeIfAbsent(node.name + node.life + session.id(), _ -> new ArrayList<>());
        for (Assignment given : jobs) {
            check(handed.add(given.key()), "a hand-over is made once", given.key());
            mine.add(given.key());
            Life life = lives.get(given.job().id());
            if (life != null && present(given.key())) {
                life.handOuts++;
                boolean once = Boolean.TRUE.equals(given.job().extras().atMostOnce());
                check(!once || life.handOuts == 1, "at most once is at most once", given, life.handOuts);
            }
        }
        mine.removeIf(key -> !present(key));
        List<Assignment.Key> working =
                mine.stream().filter(key -> !reported.contains(key)).toList();
        check(working.size() <= slots, "a session works on no more than it has slots", session, working);
        check(mine.size() <= 2 * slots, "a session holds no more than twice its slots", session, mine);
    }

    /// A gateway asks its store for jobs of a queue.
    ///
    /// @param before its last claim of that queue
    void claims(SimNode node, String queue, @Nullable Future<?> before) {
        check(before == null || before.isDone(), "a gateway has one claim of a queue open", node.name, queue);
    }

    /// A gateway hears of an outcome.
    void reported(Report report) {
        reported.add(report.key());
    }

    private boolean present(Assignment.Key key) {
        View row = world.database.view(key.jobId());
        return row != null && row.status() == JobStatus.RUNNING && Objects.equals(row.lease(), key.lease());
    }

    /// A runner began to work.
    void begun(Assignment given) {
        check(handed.contains(given.key()), "what runs was handed out", given);
    }

    /// A caller's wait ended.
    ///
    /// @param early the job may not have been there yet
    void told(String jobId, @Nullable JobResult result, @Nullable Refusal refusal, boolean early) {
        step();
        if (result != null) {
            check(resultsOf(jobId).contains(result), "a waiter is told what is recorded", jobId, result);
        } else if (refusal != null && refusal.kind() == Refusal.Kind.JOB_NOT_FOUND) {
            View row = world.database.view(jobId);
            boolean gone = deleted.contains(jobId) || (row != null && row.going());
            check(early || gone, "a job is not found only if it was deleted", jobId);
        }
    }

    void refused(Refusal refusal) {
        switch (refusal.kind()) {
            case BUSY, SHUTTING_DOWN, CONFLICT, JOB_NOT_FOUND -> {}
            default -> check(false, "no refusal of this kind is due", refusal);
        }
    }

    // ---- at the end ----

    private static boolean rests(View row) {
        return row.status() == JobStatus.CREATED || (row.status().isFinal() && !row.going());
    }

    /// Nothing is under way: no job, no waiter, nothing held.
    boolean quiet() {
        return world.database.views().stream().allMatch(Checker::rests)
                && world.nodes.stream()
                        .allMatch(node -> node.engine().waiting() == 0
                                && node.engine().left().isEmpty());
    }

    void end(boolean finished) {
        rows();
        if (!finished) {
            List<String> left = new ArrayList<>();
            world.database.views().stream().filter(row -> !rests(row)).forEach(row -> left.add(row.toString()));
            world.nodes.forEach(node -> left.add(node.name + " waiters "
                    + node.engine().waiting() + " sessions " + node.engine().left()));
            world.clients.stream().filter(client -> !client.done()).forEach(client -> left.add(client.toString()));
            throw new AssertionError("not everything finished: " + left);
        }
    }
}
