package hero.supervisor.domain;

import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.IntConsumer;

/// Many small things done one after another by one thread, such as the answers of all calls that one commit holds.
/// What each of them would set off by itself, such as the write to a socket, is put off to the end of the burst,
/// where it is done once for all. Bound to the thread that runs it.
public final class Burst {
    private static final ScopedValue<Burst> UNDER_WAY = ScopedValue.newInstance();
    /// More would wait for each other.
    private static final int STEPS_MAX = 64;

    private record Task(Executor executor, Runnable work) {}

    private final ArrayDeque<Task> tasks = new ArrayDeque<>();

    private Burst() {}

    /// Does one step after another, and then what they put off. Nothing may wait for this thread afterwards: the
    /// last task is run on it, and may block.
    public static void run(int steps, IntConsumer step) {
        Burst burst = new Burst();
        ScopedValue.where(UNDER_WAY, burst).run(() -> {
            for (int i = 0; i < steps; i++) {
                step.accept(i);
                if (i % STEPS_MAX == STEPS_MAX - 1) {
                    burst.hand(burst.tasks.size());
                }
            }
        });
        burst.hand(burst.tasks.size() - 1);
        if (!burst.tasks.isEmpty()) {
            burst.tasks.getFirst().work().run();
        }
    }

    /// Puts the work off to the end of the burst that this thread is in; without one it is the executor's now.
    public static void later(Executor executor, Runnable work) {
        if (UNDER_WAY.isBound()) {
            UNDER_WAY.get().tasks.add(new Task(executor, work));
        } else {
            executor.execute(work);
        }
    }

    /// An executor that is shut takes nothing more: then the work is done here, the rest of the burst must not be
    /// lost.
    private void hand(int count) {
        for (int i = 0; i < count; i++) {
            Task task = tasks.removeFirst();
            try {
                task.executor().execute(task.work());
            } catch (RejectedExecutionException e) {
                task.work().run();
            }
        }
    }
}
