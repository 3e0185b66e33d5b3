package hero.supervisor.engine.sim;

import static hero.supervisor.engine.sim.World.MS;
import static hero.supervisor.engine.sim.World.S;

import hero.supervisor.domain.Refusal;
import hero.supervisor.engine.Settings;
import hero.supervisor.engine.SteppedEngine;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.Lending;
import hero.supervisor.store.MemoryJobStore;
import hero.supervisor.store.MemoryRunnerStore;
import hero.supervisor.store.RunnerStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One gateway: an engine, the loops that drive it, and what can happen to its process.
final class SimNode extends Actor {
    static final Duration LEASE = Duration.ofSeconds(6);

    final String name;
    final List<SimLink> links = new ArrayList<>();
    private final World world;
    private SimTime time;
    private SteppedEngine engine;
    private long sessions;

    SimNode(World world, String name) {
        this.world = world;
        this.name = name;
        this.time = new SimTime(world);
        this.engine = build();
    }

    SteppedEngine engine() {
        return engine;
    }

    private SteppedEngine build() {
        Settings settings = new Settings(
                name,
                Duration.ofSeconds(2),
                LEASE,
                Duration.ofSeconds(3),
                2,
                Duration.ofSeconds(1),
                Duration.ofMillis(500),
                Duration.ofSeconds(10));
        JobStore jobs = new MemoryJobStore(world.database, name + "/" + life);
        RunnerStore runners = new MemoryRunnerStore(world.database);
        return new SteppedEngine(new SteppedEngine.Outside(
                SimStore.of(JobStore.class, jobs, world, this),
                SimStore.of(RunnerStore.class, runners, world, this),
                settings,
                time,
                () -> name + "-" + life + "-" + ++sessions,
                world.random::nextLong,
                task -> world.at(this, world.between(0, 2), () -> guarded(task))));
    }

    void start() {
        loop(100 * MS, engine::watch, null);
        loop(250 * MS, engine::news, Fault.LOST_NEWS);
        loop(S, engine::timers, null);
        loop(S, engine::sweep, Fault.SWEEPER_STALL);
        loop(5 * S, engine::net, null);
        loop(S, this::suffer, null);
        loop(300 * MS, this::demand, null);
    }

    /// The others hear now and then that this one brings jobs.
    private void demand() {
        if (world.brings(this)) {
            for (SimNode other : world.nodes) {
                if (other != this && other.up && world.chance(0.5)) {
                    List.of("q1", "q2").forEach(queue -> other.engine.demanded(queue, name));
                }
            }
        }
    }

    void heard(String from, Lending word) {
        if (up) {
            guarded(() -> engine.heard(from, word));
        }
    }

    private void loop(long pause, Runnable step, @Nullable Fault slow) {
        long next = slow != null && world.hit(slow) ? world.between(1000, 12_000) : pause;
        world.at(this, next, () -> {
            guarded(step);
            if (up) {
                loop(pause, step, slow);
            }
        });
    }

    /// As a loop or a request does: a refusal is an answer, anything else a bug.
    private void guarded(Runnable task) {
        try {
            task.run();
        } catch (Refusal refusal) {
            world.checker.refused(refusal);
        }
    }

    private void suffer() {
        if (world.hit(Fault.CLOCK_JUMP)) {
            time.jump(world.between(-20_000, 20_000), world.chance(0.5) ? world.between(0, 20_000) : 0);
        }
        if (world.hit(Fault.NODE_STALL)) {
            stalledUntil = world.now() + world.between(500, 15_000);
        }
        if (world.hit(Fault.NODE_RESTART)) {
            engine.runners().drain();
            engine.jobs().close();
            world.at(this, world.between(0, 1000), this::crash);
        } else if (world.hit(Fault.NODE_CRASH)) {
            crash();
        }
    }

    private void crash() {
        die();
        List<SimLink> open = List.copyOf(links);
        links.clear();
        open.forEach(SimLink::nodeDied);
        world.at(world.between(200, 8000), this::restart);
    }

    private void restart() {
        if (!up) {
            up = true;
            time = new SimTime(world);
            engine = build();
            start();
        }
    }

    /// Faults have ended: it runs.
    void settle() {
        stalledUntil = 0;
        restart();
    }
}
