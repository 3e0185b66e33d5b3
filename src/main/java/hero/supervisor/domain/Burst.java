package hero.supervisor.domain;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
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
    /// So many that were put off are one thread's: a write to a socket takes hardly longer than waking a thread.
    private static final int TASKS_MAX = 16;

    private record Task(Executor executor, Runnable work) {}

    private final ArrayDeque<Task> tasks = new ArrayDeque<>();

    private Burst() {}

    /// Does one step after another, and then what they put off: the last sixteen on this thread, others sixteen
    /// by sixteen on threads of the executor.
    public static void run(int steps, IntConsumer step) {
        Burst burst = new Burst();
        ScopedValue.where(UNDER_WAY, burst).run(() -> {
            for (int i = 0; i < steps; i++) {
                step.accept(i);
                if (i % STEPS_MAX == STEPS_MAX - 1) {
                    burst.handAll();
                }
            }
        });
        burst.finish();
    }

    /// Puts work that does not block off to the end of the burst that this thread is in; without one it is done
    /// now. `executor` is for the case that there is more of it than this thread should do.
    public static void later(Executor executor, Runnable work) {
        if (UNDER_WAY.isBound()) {
            UNDER_WAY.get().tasks.add(new Task(executor, work));
        } else {
            work.run();
        }
    }

    private void handAll() {
        while (!tasks.isEmpty()) {
            hand(Math.min(TASKS_MAX, tasks.size()));
        }
    }

    private void finish() {
        while (tasks.size() > TASKS_MAX) {
            hand(Math.min(TASKS_MAX, tasks.size() - TASKS_MAX));
        }
        runAll(tasks);
    }

    /// One that fails stops no other: its failure is thrown afterwards.
    private static void runAll(Iterable<Task> tasks) {
        RuntimeException failure = null;
        for (Task task : tasks) {
            try {
                task.work().run();
            } catch (RuntimeException e) {
                if (failure == null) {
                    failure = e;
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /// Gives the first tasks to another thread. An executor that is shut takes nothing more: then they are done
    /// here, the rest of the burst must not be lost.
    private void hand(int count) {
        List<Task> some = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            some.add(tasks.removeFirst());
        }
        Runnable work = () -> runAll(some);
        try {
            some.getFirst().executor().execute(work);
        } catch (RejectedExecutionException e) {
            work.run();
        }
    }
}
