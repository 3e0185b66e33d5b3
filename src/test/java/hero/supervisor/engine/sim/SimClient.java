package hero.supervisor.engine.sim;

import static hero.supervisor.engine.sim.World.S;

import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobFixture;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.Origin;
import hero.supervisor.domain.Refusal;
import hero.supervisor.engine.Jobs;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A caller with a few jobs: asks any gateway, and asks again when an answer stays out.
final class SimClient {
    private static final int PATIENCE = 3;
    private static final String[] RUNNERS = {"alpha", "beta", "gamma"};

    private final World world;
    private final String id;
    private int open;

    SimClient(World world, String id) {
        this.world = world;
        this.id = id;
    }

    /// True when everything it asked for has been answered for good.
    boolean done() {
        return open == 0;
    }

    @Override
    public String toString() {
        return id + " waits for " + open;
    }

    void start() {
        for (int i = 2 + world.random.nextInt(3); i > 0; i--) {
            Job job = job(id + "-" + i);
            world.checker.expect(job);
            open++;
            world.at(world.between(0, 40_000), () -> begin(job));
        }
    }

    private Job job(String jobId) {
        OptionalInt retries = world.chance(0.4) ? OptionalInt.of(1 + world.random.nextInt(2)) : OptionalInt.empty();
        Double delay = world.chance(0.5) ? (Double) (double) world.random.nextInt(2) : null;
        OptionalInt priority = world.chance(0.2) ? OptionalInt.of(world.random.nextInt(11) - 5) : OptionalInt.empty();
        String startAt = world.chance(0.15)
                ? new SimTime(world)
                        .instant()
                        .plusNanos(world.between(0, 50_000))
                        .toString()
                : null;
        var extras = new Job.Extras(retries, delay, priority, startAt, null, world.chance(0.2) ? true : null);
        String runner = RUNNERS[world.random.nextInt(RUNNERS.length)];
        double timeout = world.chance(0.3) ? 1 : 20;
        return JobFixture.job(jobId, runner, timeout, extras);
    }

    private void begin(Job job) {
        int manner = world.random.nextInt(10);
        switch (manner) {
            case 0 -> until(job, jobs -> jobs.create(job, Origin.NONE), (_, _) -> finish());
            case 1, 2, 3, 4 -> until(job, jobs -> jobs.create(job, Origin.NONE), (_, _) -> go(job));
            default ->
                until(job, jobs -> jobs.run(job, Origin.NONE), (result, refusal) -> got(job, result, refusal, false));
        }
        if (world.chance(0.2)) {
            open++;
            world.at(
                    world.between(0, 10_000),
                    () -> until(job, jobs -> done(() -> jobs.stop(job.id(), Origin.NONE)), (_, _) -> finish()));
        }
        if (world.chance(0.15)) {
            open++;
            world.at(
                    world.between(0, 15_000),
                    () -> until(job, jobs -> jobs.delete(job.id(), Origin.NONE), (_, _) -> finish()));
        }
        // A job that nobody starts has no result to wait for.
        if (manner != 0 && world.chance(0.3)) {
            open++;
            await(job);
        }
    }

    /// A creation that is carried out late may bring a job back that was deleted meanwhile. Nobody starts it
    /// again, and its result is rightly waited for: so does a caller who has asked a few times.
    private void await(Job job) {
        var asked = new AtomicInteger();
        until(
                job,
                jobs -> {
                    if (asked.incrementAndGet() > PATIENCE) {
                        jobs.start(job.id(), Origin.NONE);
                    }
                    return jobs.result(job.id());
                },
                (result, refusal) -> got(job, result, refusal, true));
    }

    private void go(Job job) {
        until(job, jobs -> jobs.start(job.id(), Origin.NONE), (_, _) -> await(job));
    }

    private static CompletableFuture<Integer> done(Runnable task) {
        task.run();
        return CompletableFuture.completedFuture(0);
    }

    /// @param early somebody else may not have created it yet
    private void got(Job job, @Nullable JobResult result, @Nullable Refusal refusal, boolean early) {
        world.checker.told(job.id(), result, refusal, early);
        finish();
    }

    private void finish() {
        open--;
    }

    // ---- calls ----

    /// Asks until there is an answer that asking again would not change.
    private <T> void until(
            Job job, Function<Jobs, CompletableFuture<T>> what, BiConsumer<@Nullable T, @Nullable Refusal> then) {
        call(what, (answer, refusal) -> {
            if (answer != null || (refusal == null) || definitive(refusal)) {
                then.accept(answer, refusal);
            } else {
                world.at(world.between(100, 2000), () -> until(job, what, then));
            }
        });
    }

    private static boolean definitive(Refusal refusal) {
        return switch (refusal.kind()) {
            case BUSY, SHUTTING_DOWN -> false;
            default -> true;
        };
    }

    private static final class Call<T> {
        final List<CompletableFuture<T>> waits = new ArrayList<>();
        boolean over;
    }

    private <T> void call(Function<Jobs, CompletableFuture<T>> what, BiConsumer<@Nullable T, @Nullable Refusal> then) {
        SimNode node = world.callersNode();
        var call = new Call<T>();
        for (int copies = world.hit(Fault.DUPLICATE) ? 2 : 1; copies > 0; copies--) {
            if (node.up && !world.hit(Fault.DROP)) {
                long delay = world.hit(Fault.DELAY) ? world.between(100, 8000) : world.between(0, 20);
                world.at(node, delay, () -> arrive(node, what, call, then));
            }
        }
        // The caller gives up and asks elsewhere; the gateway may believe in the connection for longer.
        world.at(20 * S + world.between(0, 5000), () -> {
            if (!call.over) {
                call.over = true;
                long late = world.hit(Fault.HALF_OPEN) ? world.between(0, 20_000) : 0;
                world.at(node, late, () -> call.waits.forEach(wait -> wait.cancel(false)));
                then.accept(null, Refusal.busy("no answer came", 0));
            }
        });
    }

    private <T> void arrive(
            SimNode node,
            Function<Jobs, CompletableFuture<T>> what,
            Call<T> call,
            BiConsumer<@Nullable T, @Nullable Refusal> then) {
        if (call.over) {
            return;
        }
        long key = ++world.calls;
        CompletableFuture<T> wait;
        try {
            wait = what.apply(node.engine().jobs());
        } catch (Refusal refusal) {
            wait = CompletableFuture.failedFuture(refusal);
        }
        call.waits.add(wait);
        wait.whenComplete((answer, error) -> {
            if (!(error instanceof CancellationException)) {
                world.then(key, () -> answer(call, answer, refusal(error), then));
            }
        });
    }

    private @Nullable Refusal refusal(@Nullable Throwable error) {
        Throwable cause = error;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause == null) {
            return null;
        } else if (cause instanceof Refusal refusal) {
            world.checker.refused(refusal);
            return refusal;
        }
        throw new IllegalStateException("a call failed", cause);
    }

    private <T> void answer(
            Call<T> call,
            @Nullable T answer,
            @Nullable Refusal refusal,
            BiConsumer<@Nullable T, @Nullable Refusal> then) {
        if (world.hit(Fault.DROP)) {
            return;
        }
        long delay = world.hit(Fault.DELAY) ? world.between(100, 8000) : world.between(0, 20);
        world.at(delay, () -> {
            if (!call.over) {
                call.over = true;
                call.waits.forEach(wait -> wait.cancel(false));
                then.accept(answer, refusal);
            }
        });
    }
}
