package hero.supervisor.process;

import hero.supervisor.client.Addresses;
import hero.supervisor.client.ConnectionLost;
import hero.supervisor.client.RemoteError;
import hero.supervisor.client.RpcClient;
import hero.supervisor.client.RpcSettings;
import hero.supervisor.client.SupervisorClient;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.Time;
import java.time.Duration;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A client of the campaign: one connection to one of the gateways at a time, many calls on it. When the
/// connection ends or a call is refused for now, it repeats the call elsewhere until it is answered. Safe for any
/// thread.
final class Caller implements AutoCloseable {
    private static final Duration SILENCE = Duration.ofSeconds(6);

    interface Call<R extends @Nullable Object> {
        R on(SupervisorClient client);
    }

    private final Cluster cluster;
    private final Addresses addresses;
    private final ReentrantLock lock = new ReentrantLock();
    private final int windowMax;
    private final Semaphore window;
    private @Nullable SupervisorClient client;

    /// Calls that were repeated.
    final AtomicLong repeats = new AtomicLong();

    Caller(Cluster cluster, int number, int window, long seed) {
        this.cluster = cluster;
        this.addresses = new Addresses(
                cluster.urls(cluster.callersNode(number), number % 2 == 0), new SplittableRandom(seed + number));
        this.windowMax = window;
        this.window = new Semaphore(window);
    }

    /// Runs an errand as soon as the window has room; what its caller is told, in the end.
    void run(Errand errand, BiConsumer<JobResult, Duration> told, Consumer<RuntimeException> failed)
            throws InterruptedException {
        window.acquire();
        Thread.startVirtualThread(() -> {
            long beganNs = System.nanoTime();
            try {
                JobResult result = play(errand);
                told.accept(result, Duration.ofNanos(System.nanoTime() - beganNs));
            } catch (RuntimeException e) {
                failed.accept(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                window.release();
            }
        });
    }

    private JobResult play(Errand errand) throws InterruptedException {
        String id = errand.id();
        if (errand.mode() == Errand.Mode.STOPPED) {
            until(on -> on.jobsCreate(errand.job()));
            until(on -> started(on, id));
            pause(errand.tookMs() / 2);
            until(on -> on.call("job.stop", Map.of("job_id", id)));
            return until(on -> on.jobResult(id));
        } else if (errand.number() % 3 == 0) {
            until(on -> on.jobsCreate(errand.job()));
            until(on -> started(on, id));
            return until(on -> on.jobResult(id));
        }
        return until(on -> on.jobRun(errand.job()));
    }

    /// A start that is repeated may find the job ended.
    private static boolean started(SupervisorClient on, String id) {
        try {
            on.jobStart(id);
            return true;
        } catch (RemoteError e) {
            if (e.is("conflict")) {
                return false;
            }
            throw e;
        }
    }

    /// Repeats a call until it is answered, over as many connections as it takes.
    <R extends @Nullable Object> R until(Call<R> call) throws InterruptedException {
        while (true) {
            try {
                SupervisorClient on = connected();
                try {
                    return call.on(on);
                } catch (ConnectionLost e) {
                    forget(on);
                } catch (RemoteError e) {
                    if (!e.is("shutting_down")) {
                        throw e;
                    }
                    forget(on);
                }
            } catch (ConnectionLost e) {
                pause(100);
            } catch (RemoteError e) {
                if (!e.is("busy")) {
                    throw e;
                }
                pause(Math.min(500, e.retryAfterMs(200)));
            }
            repeats.incrementAndGet();
        }
    }

    private static void pause(long ms) throws InterruptedException {
        new CountDownLatch(1).await(ms, TimeUnit.MILLISECONDS);
    }

    private SupervisorClient connected() throws InterruptedException {
        lock.lock();
        try {
            SupervisorClient open = client;
            if (open == null) {
                try {
                    open = new SupervisorClient(RpcClient.connect(
                            RpcSettings.of(addresses.current(), cluster.secret("user"))
                                    .withSilence(Duration.ofSeconds(2), SILENCE),
                            Time.system(),
                            RpcClient.Notifications.ignored()));
                } catch (ConnectionLost e) {
                    pause(addresses.failed().toMillis());
                    throw e;
                }
                addresses.reached();
                client = open;
            }
            return open;
        } finally {
            lock.unlock();
        }
    }

    /// The next call connects anew, elsewhere.
    private void forget(SupervisorClient lost) {
        lock.lock();
        try {
            if (client == lost) {
                client = null;
                addresses.failed();
                lost.close();
            }
        } finally {
            lock.unlock();
        }
    }

    /// Waits until every errand's caller has been answered.
    void awaitIdle() throws InterruptedException {
        if (!window.tryAcquire(windowMax, 5, TimeUnit.MINUTES)) {
            throw new AssertionError(windowMax - window.availablePermits() + " callers are not answered");
        }
        window.release(windowMax);
    }

    /// Ends the connection.
    @Override
    public void close() {
        lock.lock();
        try {
            if (client != null) {
                client.close();
            }
        } finally {
            lock.unlock();
        }
    }
}
