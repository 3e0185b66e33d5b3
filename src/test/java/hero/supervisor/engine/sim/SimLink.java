package hero.supervisor.engine.sim;

import static hero.supervisor.engine.sim.World.S;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Stop;
import hero.supervisor.engine.RunnerLink;
import hero.supervisor.engine.Runners;
import hero.supervisor.engine.Session;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// One connection between a runner and a gateway, both ends of it, with what a network does to messages.
@SuppressWarnings({"ReferenceEquality", "CollectionUndefinedEquality"}) // Connections and pulls: by identity.
final class SimLink implements RunnerLink {
    private final World world;
    private final SimRunner runner;
    private final SimNode node;
    private final List<CompletableFuture<List<Assignment>>> pulls = new ArrayList<>();
    private @Nullable Session session;
    private boolean runnerOpen = true;
    private boolean nodeOpen = true;
    private long toNodeAt;
    private long toRunnerAt;

    SimLink(World world, SimRunner runner, SimNode node) {
        this.world = world;
        this.runner = runner;
        this.node = node;
        node.links.add(this);
    }

    SimNode node() {
        return node;
    }

    // ---- messages ----

    /// The gateway tells the runner something, later than its answer.
    void tell(Runnable message) {
        toRunner(message);
    }

    /// Asks the gateway; its answer, if it comes, is told to the runner.
    <T> void ask(Function<Session, T> question, Consumer<T> answer, Consumer<Refusal> refused) {
        toNode(() -> {
            Session mine = session;
            if (mine != null) {
                try {
                    T told = question.apply(mine);
                    toRunner(() -> answer.accept(told));
                } catch (Refusal refusal) {
                    world.checker.refused(refusal);
                    toRunner(() -> refused.accept(refusal));
                }
            }
        });
    }

    void connect(Function<SimLink, Runners.Joined> hello, Consumer<Runners.Joined> answer) {
        toNode(() -> {
            try {
                Session before = session;
                Runners.Joined joined = hello.apply(this);
                session = joined.session();
                if (before != null && before != session) {
                    node.engine().runners().disconnected(before, this);
                }
                toRunner(() -> answer.accept(joined));
            } catch (Refusal refusal) {
                world.checker.refused(refusal);
                toRunner(runner::reconnect);
            }
        });
    }

    /// A pull of the runner: parked at the gateway until there is work, its time is over or the socket is gone.
    void pull(int max, Consumer<List<Assignment>> answer) {
        ask(
                mine -> {
                    var jobs = node.engine().runners().pull(mine, this, max);
                    pulls.add(jobs);
                    world.at(node, 10 * S, () -> jobs.complete(List.of()));
                    jobs.whenComplete((handed, error) -> {
                        pulls.remove(jobs);
                        if (error == null) {
                            world.checker.handed(node, mine, runner.slots, max, handed);
                            toRunner(() -> answer.accept(handed));
                        }
                    });
                    return 0;
                },
                _ -> {},
                _ -> {});
    }

    @Override
    public void stop(Stop order) {
        toRunner(() -> runner.told(List.of(order)));
    }

    @Override
    public void close(int code, String reason) {
        nodeCloses();
    }

    private void toNode(Runnable message) {
        if (runnerOpen && !world.hit(Fault.DROP)) {
            toNodeAt = when(toNodeAt);
            for (int copies = world.hit(Fault.DUPLICATE) ? 2 : 1; copies > 0; copies--) {
                world.at(node, toNodeAt - world.now(), () -> {
                    if (nodeOpen) {
                        message.run();
                    }
                });
            }
        }
    }

    private void toRunner(Runnable message) {
        if (nodeOpen && !world.hit(Fault.DROP)) {
            toRunnerAt = when(toRunnerAt);
            for (int copies = world.hit(Fault.DUPLICATE) ? 2 : 1; copies > 0; copies--) {
                world.at(runner, toRunnerAt - world.now(), () -> {
                    if (runnerOpen) {
                        message.run();
                    }
                });
            }
        }
    }

    private long when(long last) {
        long at = world.now() + (world.hit(Fault.DELAY) ? world.between(100, 8000) : world.between(0, 20));
        return world.hit(Fault.REORDER) ? at : Math.max(at, last);
    }

    // ---- the end ----

    /// The runner leaves; the gateway may not notice for long.
    void runnerCloses() {
        if (runnerOpen) {
            runnerOpen = false;
            long late = world.hit(Fault.HALF_OPEN) ? world.between(1000, 25_000) : world.between(0, 50);
            world.at(node, late, this::nodeCloses);
        }
    }

    /// The gateway ends it, or learns that it has ended.
    private void nodeCloses() {
        if (nodeOpen) {
            long late = world.hit(Fault.HALF_OPEN) ? world.between(1000, 15_000) : world.between(0, 50);
            world.at(runner, late, this::runnerLearns);
            nodeOpen = false;
            node.links.remove(this);
            List.copyOf(pulls).forEach(pull -> pull.cancel(false));
            Session mine = session;
            if (mine != null) {
                try {
                    node.engine().runners().disconnected(mine, this);
                } catch (Refusal refusal) {
                    world.checker.refused(refusal);
                }
            }
        }
    }

    private void runnerLearns() {
        if (runnerOpen) {
            runnerOpen = false;
            runner.closed(this);
        }
    }

    void nodeDied() {
        nodeOpen = false;
        long late = world.hit(Fault.HALF_OPEN) ? world.between(1000, 15_000) : world.between(0, 50);
        world.at(runner, late, this::runnerLearns);
    }
}
