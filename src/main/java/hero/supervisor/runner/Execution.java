package hero.supervisor.runner;

import hero.supervisor.domain.JobResult;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// One run of one job: waiting → process started → (told to stop, or out of time) → process gone → result. One
/// thread runs it; any thread may stop it, also before it has begun. Afterwards no process and no folder of it is
/// left.
final class Execution {
    /// The error of a job that was stopped on request.
    static final String STOPPED = "stopped";

    private static final int STDERR_TAIL_BYTES = 4096;
    private static final int READ_BYTES = 1 << 16;
    private static final Duration FOREVER = Duration.ofDays(3650);
    private static final Duration LAST_OUTPUT = Duration.ofMillis(300);
    private static final Duration AFTER_KILL = Duration.ofSeconds(2);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(10);

    private final ProcessExecutor executor;
    private final Task task;
    private final JobLog jobLog;
    private final CompletableFuture<Ask> asked = new CompletableFuture<>();
    private final CompletableFuture<Ask> killed = new CompletableFuture<>();
    private volatile @Nullable ProgressFile progress;
    private volatile Map<String, Object> lastSaid = Map.of();
    private final Capture stdout;
    private final Capture stderr = new Capture(0, STDERR_TAIL_BYTES);

    /// Why a process is ended before it ends by itself.
    private record Ask(String error, Duration grace) {}

    Execution(ProcessExecutor executor, Task task, JobLog jobLog) {
        this.executor = executor;
        this.task = task;
        this.jobLog = jobLog;
        int half = executor.settings().outputBytesMax() / 2;
        this.stdout = new Capture(half, half);
    }

    Task task() {
        return task;
    }

    JobLog log() {
        return jobLog;
    }

    /// What the job has written into its progress file since the last call; empty when nothing.
    Map<String, Object> news() {
        ProgressFile file = progress;
        Map<String, Object> said = lastSaid;
        lastSaid = Map.of();
        return file == null ? said : file.news().orElse(said);
    }

    /// SIGTERM to all its processes, SIGKILL after `grace`. The result will be the failure `error`, unless the job
    /// ended before. Can be repeated; the first grace counts.
    void stop(String error, Duration grace) {
        asked.complete(new Ask(error, grace));
    }

    /// SIGKILL at once.
    void kill() {
        Ask now = new Ask(STOPPED, Duration.ZERO);
        asked.complete(now);
        killed.complete(now);
    }

    /// Runs the job to its end. Never throws for what a job does; an interrupt kills the job.
    JobResult run() {
        return switch (executor.find(task.executor())) {
            case ProcessExecutor.Found.Missing missing -> missing.result();
            case ProcessExecutor.Found.Command command -> run(command.words());
        };
    }

    private JobResult run(List<String> command) {
        JobFolder folder;
        try {
            folder = JobFolder.create(executor.settings().workFolder());
        } catch (IOException e) {
            return failure("the runner could not make a folder for the job", e);
        }
        progress = new ProgressFile(folder.path());
        try {
            Path file = folder.path().resolve(Commands.fileName(task.executor(), command));
            Files.writeString(file, task.payload());
            return asked.isDone() ? failure(asked.join()) : run(executor.start(task, command, file, folder.path()));
        } catch (IOException | IllegalArgumentException e) {
            return failure("the runner could not start the job's process", e);
        } finally {
            lastSaid = news();
            progress = null;
            folder.remove();
        }
    }

    private JobResult run(ProcessGroup group) {
        Process leader = group.leader();
        Ask early = null;
        try {
            var begun = new CountDownLatch(2);
            CompletableFuture<Void> read = CompletableFuture.allOf(
                    read(leader.getInputStream(), stdout, jobLog.stdout(), begun),
                    read(leader.getErrorStream(), stderr, jobLog.stderr(), begun));
            early = awaitEnd(leader);
            if (early != null) {
                end(group, early);
            }
            // On a machine that is full a thread may come late; what the job has written waits for it.
            begun.await();
            awaitOutput(group, read);
        } catch (InterruptedException e) {
            group.kill();
            Thread.currentThread().interrupt();
            early = new Ask(STOPPED, Duration.ZERO);
        } catch (RuntimeException | Error e) {
            // Such as no thread for a reader: what nobody can watch must not run on.
            group.kill();
            throw e;
        } finally {
            sweep(group);
            close(leader);
        }
        return early != null ? failure(early) : result(leader.exitValue());
    }

    /// Null when the process ended by itself, else why it must.
    private @Nullable Ask awaitEnd(Process leader) throws InterruptedException {
        long timeoutMs = (long) Math.ceil(Math.min(task.timeoutS() * 1000, (double) FOREVER.toMillis()));
        try {
            CompletableFuture.anyOf(leader.onExit(), asked).get(timeoutMs, TimeUnit.MILLISECONDS);
            return leader.isAlive() ? asked.join() : null;
        } catch (TimeoutException e) {
            return new Ask(timedOut(), executor.settings().killGrace());
        } catch (ExecutionException e) {
            throw new IllegalStateException("a process could not be waited for", e);
        }
    }

    private void end(ProcessGroup group, Ask why) throws InterruptedException {
        if (why.grace().isPositive()) {
            group.terminate();
            awaitGone(group, why.grace(), killed);
        }
        group.kill();
        awaitGone(group, AFTER_KILL, new CompletableFuture<>());
    }

    /// Waits until no process of the group is left, the time is over or someone wants it killed. There is no
    /// event for the end of a group, so it is looked at.
    private static void awaitGone(ProcessGroup group, Duration most, CompletableFuture<Ask> killed)
            throws InterruptedException {
        var over = new CompletableFuture<>().completeOnTimeout(null, most.toMillis(), TimeUnit.MILLISECONDS);
        while (!over.isDone() && group.isAlive()) {
            try {
                killed.get(LOOK_AGAIN.toMillis(), TimeUnit.MILLISECONDS);
                break;
            } catch (TimeoutException e) {
                // Look again.
            } catch (ExecutionException e) {
                throw new IllegalStateException(e);
            }
        }
        over.cancel(false);
    }

    /// A process left behind may hold the output open for ever: it gets a moment, then its end.
    private static void awaitOutput(ProcessGroup group, CompletableFuture<Void> read) throws InterruptedException {
        if (!within(read, LAST_OUTPUT)) {
            group.kill();
            within(read, AFTER_KILL);
        }
    }

    private static boolean within(CompletableFuture<Void> read, Duration most) throws InterruptedException {
        try {
            read.get(most.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Whatever the job left running in the background ends with it.
    private static void sweep(ProcessGroup group) {
        if (group.sweep()) {
            try {
                awaitGone(group, AFTER_KILL, new CompletableFuture<>());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private CompletableFuture<Void> read(InputStream from, Capture into, JobLog.Stream live, CountDownLatch begun) {
        var done = new CompletableFuture<Void>();
        Thread reader = executor.readers().newThread(() -> {
            begun.countDown();
            try {
                byte[] buffer = new byte[READ_BYTES];
                for (int n; (n = from.read(buffer)) >= 0; ) {
                    into.add(buffer, n);
                    live.add(buffer, n);
                }
                done.complete(null);
            } catch (IOException | RuntimeException | Error e) {
                // An output that is not whole is no success. Closed from this side: nobody waits for it any more.
                done.completeExceptionally(e);
            }
        });
        reader.setName("job-output-" + task.key().jobId());
        reader.start();
        return done;
    }

    private static void close(Process leader) {
        try {
            leader.getInputStream().close();
            leader.getErrorStream().close();
        } catch (IOException e) {
            // Closed already.
        }
    }

    // ---- results ----

    private JobResult result(int exitCode) {
        if (exitCode == 0) {
            return new JobResult.Success(new Output(stdout).text(executor.settings()));
        }
        String last = stderr.text(2 * STDERR_TAIL_BYTES).strip();
        return new JobResult.Failure(Output.exit(exitCode) + (last.isEmpty() ? "" : "\n" + last), exitCode);
    }

    private static JobResult failure(Ask why) {
        return new JobResult.Failure(why.error(), null);
    }

    private static JobResult failure(String what, Exception why) {
        return new JobResult.Failure(what + ": " + why.getMessage(), null);
    }

    private String timedOut() {
        return "timed out after "
                + new BigDecimal(Double.toString(task.timeoutS()))
                        .stripTrailingZeros()
                        .toPlainString() + " s";
    }
}
