package hero.supervisor.engine.sim;

import hero.supervisor.store.MemoryDatabase;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Everything that happens under one seed, one step after the other on one thread: the same seed is the same run.
final class World {
    static final long MS = 1_000_000;
    static final long S = 1000 * MS;
    private static final long STORM = 60 * S;
    private static final long CALM = 400 * S;
    private static final String[] RUNNERS = {"alpha", "alpha", "beta", "beta", "gamma", "alpha"};

    final long seed;
    final SplittableRandom random;
    final MemoryDatabase database;
    final Checker checker;
    final List<SimNode> nodes = new ArrayList<>();
    final List<SimRunner> runners = new ArrayList<>();
    final List<SimClient> clients = new ArrayList<>();
    final Map<Fault, Integer> hits = new EnumMap<>(Fault.class);

    private final Set<Fault> faults = EnumSet.noneOf(Fault.class);
    private final PriorityQueue<Step> steps =
            new PriorityQueue<>(Comparator.comparingLong(Step::at).thenComparingLong(Step::seq));
    private final TreeMap<Long, Runnable> ready = new TreeMap<>();
    private long now;
    private long seqs;
    /// Calls of clients so far.
    long calls;
    private boolean calm;
    /// Callers ask one gateway, and runners are mostly at others.
    private final boolean apart;

    private record Step(long at, long seq, @Nullable Actor actor, int life, Runnable task) {}

    World(long seed) {
        this.seed = seed;
        this.random = new SplittableRandom(seed);
        this.database = new MemoryDatabase(new SimTime(this));
        this.checker = new Checker(this);
        for (Fault fault : Fault.values()) {
            if (random.nextInt(3) > 0) {
                faults.add(fault);
            }
        }
        apart = random.nextInt(2) > 0;
        database.runner("alpha", "q1");
        database.runner("beta", "q2");
        database.runner("gamma", "q1");
        for (int i = 0; i < 3; i++) {
            nodes.add(new SimNode(this, "n" + i));
        }
        for (int i = 0; i < RUNNERS.length; i++) {
            runners.add(new SimRunner(this, RUNNERS[i] + i, RUNNERS[i], 1 + random.nextInt(3)));
        }
        for (int i = 0; i < 10; i++) {
            clients.add(new SimClient(this, "c" + i));
        }
    }

    // ---- time and chance ----

    long now() {
        return now;
    }

    /// A whole number of nanoseconds from `fromMs` to `toMs`.
    long between(long fromMs, long toMs) {
        return fromMs * MS + random.nextLong((toMs - fromMs) * MS + 1);
    }

    boolean chance(double likelihood) {
        return random.nextDouble() < likelihood;
    }

    /// True when the fault happens here and now.
    boolean hit(Fault fault) {
        if (calm || !faults.contains(fault) || !chance(fault.likelihood)) {
            return false;
        }
        hits.merge(fault, 1, Integer::sum);
        return true;
    }

    boolean calm() {
        return calm;
    }

    /// Where a caller asks.
    SimNode callersNode() {
        return nodes.get(apart && chance(0.98) ? 0 : random.nextInt(nodes.size()));
    }

    /// Where a runner connects.
    SimNode runnersNode() {
        return nodes.get(apart && chance(0.9) ? 1 + random.nextInt(nodes.size() - 1) : random.nextInt(nodes.size()));
    }

    /// Whether others hear that this one has new jobs.
    boolean brings(SimNode node) {
        return !apart || node == nodes.getFirst();
    }

    /// Something that happens whatever becomes of who asked for it.
    void at(long delay, Runnable task) {
        steps.add(new Step(now + delay, ++seqs, null, 0, task));
    }

    /// Something that a process does, in the life that it has now.
    void at(Actor actor, long delay, Runnable task) {
        steps.add(new Step(now + delay, ++seqs, actor, actor.life, task));
    }

    /// Something that follows from this step, in the order of `key`: the engine's own order may hang on the
    /// identity of objects.
    void then(long key, Runnable task) {
        ready.put(key, task);
    }

    // ---- the run ----

    /// Runs it all; throws an [AssertionError] that names the seed.
    void run() {
        try {
            storm();
            calm = true;
            nodes.forEach(SimNode::settle);
            runners.forEach(SimRunner::settle);
            long end = now + CALM;
            while (now < end && !finished()) {
                step();
            }
            checker.end(finished());
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError(
                    "seed " + seed + " at " + now / MS + " ms: " + e.getMessage() + "; faults " + hits
                            + "; run it again with -Dseed=" + seed,
                    e);
        }
    }

    private void storm() {
        nodes.forEach(SimNode::start);
        runners.forEach(SimRunner::start);
        clients.forEach(SimClient::start);
        while (now < STORM) {
            step();
        }
    }

    private boolean finished() {
        return clients.stream().allMatch(SimClient::done) && checker.quiet();
    }

    private void step() {
        Step step = steps.remove();
        now = Math.max(now, step.at());
        Actor actor = step.actor();
        if (actor != null && actor.life != step.life()) {
            return;
        }
        if (actor != null && actor.stalledUntil > now) {
            steps.add(new Step(actor.stalledUntil, ++seqs, actor, step.life(), step.task()));
            return;
        }
        step.task().run();
        while (!ready.isEmpty()) {
            ready.pollFirstEntry().getValue().run();
        }
        checker.step();
    }
}
