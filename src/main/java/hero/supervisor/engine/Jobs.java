package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Explanation;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobDetails;
import hero.supervisor.domain.JobFilter;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobState;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Origin;
import hero.supervisor.domain.Refusal;
import hero.supervisor.store.FactStore;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.JobStore.Created;
import hero.supervisor.store.JobStore.Deleted;
import hero.supervisor.store.JobStore.Placing;
import hero.supervisor.store.JobStore.Started;
import hero.supervisor.store.JobStore.Stopped;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The rules of a job's life (contract §3), over the store's fences. Futures complete after the commit; their
/// refusals are for the caller. Safe for any thread.
public final class Jobs {
    private static final Logger log = LoggerFactory.getLogger(Jobs.class);
    private static final int PAGE = 500;

    private final JobStore store;
    private final FactStore facts;
    private final Results results;
    private final Runners runners;
    private final Executor executor;
    private final Accepted unstarted = new Accepted();
    private volatile boolean closing;

    public Jobs(JobStore store, FactStore facts, Results results, Runners runners, Executor executor) {
        this.store = store;
        this.facts = facts;
        this.results = results;
        this.runners = runners;
        this.executor = executor;
    }

    /// Accepts a job without queuing it. Repeating it with the same content changes nothing. Refused with
    /// `conflict` (other content under that id) or `runner_not_found`.
    public CompletableFuture<String> create(Job job, Origin origin) {
        open();
        return store.create(job, false, origin.trace(), Placing.NONE).thenApply(created -> {
            if (hasToBeStarted(accepted(job, created, origin)) && job.extras().startAt() == null) {
                unstarted.add(job.id(), job.runner());
            }
            return job.id();
        });
    }

    private static boolean hasToBeStarted(@Nullable JobStatus present) {
        return present == null || present == JobStatus.CREATED;
    }

    /// Accepts a job and queues it: the legacy `create_job`.
    public CompletableFuture<String> createAndStart(Job job, Origin origin) {
        open();
        return written(job, origin)
                .thenCompose(created -> queued(job, created, origin))
                .thenApply(_ -> job.id());
    }

    /// Written to be started: into the queue, or into the hands of a runner that waits here.
    private CompletableFuture<Created> written(Job job, Origin origin) {
        Direct direct =
                runners.dispatch().direct(job.id(), job.runner(), job.extras().startAt() != null);
        return store.create(job, true, origin.trace(), direct).whenComplete(direct::created);
    }

    /// Accepts and queues a job; the future holds its result. Repeating it attaches to the same job.
    public CompletableFuture<JobResult> run(Job job, Origin origin) {
        open();
        // Registered before the job exists: its result cannot slip through.
        var waiter = results.creating(job.id());
        written(job, origin)
                .thenCompose(created -> queued(job, created, origin))
                .thenAccept(isNew -> {
                    if (waiter.created() || !isNew) {
                        executor.execute(() -> results.read(job.id(), waiter));
                    }
                })
                .whenComplete((_, error) -> {
                    if (error != null) {
                        waiter.completeExceptionally(error);
                    }
                });
        return waiter;
    }

    private CompletableFuture<Boolean> queued(Job job, Created created, Origin origin) {
        JobStatus status = accepted(job, created, origin);
        if (status == JobStatus.CREATED) {
            return start(job.id(), origin).thenApply(_ -> false);
        }
        return CompletableFuture.completedFuture(status == null);
    }

    /// The status of a job that was there before; null for a new one.
    private static @Nullable JobStatus accepted(Job job, Created created, Origin origin) {
        return switch (created) {
            case Created.New(String queue) -> {
                origin.on(log.atInfo().addKeyValue("job_id", job.id()))
                        .addKeyValue("queue", queue)
                        .log("job accepted");
                yield null;
            }
            case Created.Handed _ -> {
                origin.on(log.atInfo().addKeyValue("job_id", job.id())).log("job accepted");
                yield null;
            }
            case Created.Same(JobStatus status, String _) -> status;
            case Created.Different() ->
                throw Refusal.conflict("the job '" + job.id() + "' exists with other content; use another id")
                        .with("job_id", job.id())
                        .with("path", "/job/id");
            case Created.NoRunner() ->
                throw Refusal.runnerNotFound(job.runner()).with("path", "/job/runner");
        };
    }

    /// Queues a created job. Nothing happens when it is queued or running; a finished one is a `conflict`.
    public CompletableFuture<Void> start(String jobId, Origin origin) {
        open();
        String runner = unstarted.take(jobId);
        if (runner != null) {
            Direct direct = runners.dispatch().direct(jobId, runner, false);
            return store.start(jobId, runner, direct)
                    .whenComplete(direct::started)
                    .thenAccept(started -> told(jobId, started, origin));
        }
        return store.start(jobId).thenAccept(started -> {
            if (started instanceof Started.Queued(String queue)) {
                runners.dispatch().wakeInTime(queue);
            }
            told(jobId, started, origin);
        });
    }

    private static void told(String jobId, Started started, Origin origin) {
        switch (started) {
            case Started.Queued _, Started.Handed _ ->
                origin.on(log.atInfo().addKeyValue("job_id", jobId)).log("job queued");
            case Started.Already() -> {}
            case Started.Final(JobStatus status) ->
                throw Refusal.conflict("the job '" + jobId + "' has ended (" + status.word()
                                + ") and cannot be started again; create another one")
                        .with("job_id", jobId)
                        .with("status", status.word());
            case Started.NoJob() -> throw Refusal.jobNotFound(jobId);
        }
    }

    /// Refused with `job_not_found`.
    public JobState state(String jobId) {
        return store.state(jobId).orElseThrow(() -> Refusal.jobNotFound(jobId));
    }

    /// Refused with `job_not_found`.
    public JobDetails details(String jobId) {
        return store.details(jobId).orElseThrow(() -> Refusal.jobNotFound(jobId));
    }

    /// Why the job is where it is. Refused with `job_not_found`.
    public Explanation explain(String jobId) {
        return Explanation.of(facts.facts(jobId).orElseThrow(() -> Refusal.jobNotFound(jobId)));
    }

    /// Begins to wait for a job's end.
    public Results.Wait await(String jobId) {
        open();
        return results.of(jobId);
    }

    /// The result, as soon as there is one; cancel the future to wait no longer.
    public CompletableFuture<JobResult> result(String jobId) {
        return await(jobId).result();
    }

    /// Ends a job that waits, asks a running one to stop, leaves a finished one alone.
    public void stop(String jobId, Origin origin) {
        switch (store.stop(jobId)) {
            case Stopped.Ended(JobResult result) -> {
                origin.on(log.atInfo().addKeyValue("job_id", jobId)).log("job stopped");
                results.finished(jobId, result);
            }
            case Stopped.Running(var key, String _) -> {
                stopping(key, origin);
                runners.stops().stop(key, "stopped");
            }
            case Stopped.AlreadyFinal() -> {}
            case Stopped.NoJob() -> throw Refusal.jobNotFound(jobId);
        }
    }

    private static void stopping(Assignment.Key key, Origin origin) {
        origin.on(log.atInfo().addKeyValue("job_id", key.jobId()))
                .addKeyValue("attempt", key.attempt())
                .log("job stop requested");
    }

    /// Removes a job; a running one is stopped first. The future completes when it is gone.
    public CompletableFuture<Void> delete(String jobId, Origin origin) {
        return delete(jobId, 0, origin);
    }

    /// @param number of the job that has been waited for: another one may have its id by now; 0 at first
    private CompletableFuture<Void> delete(String jobId, long number, Origin origin) {
        open();
        var ended = results.register(jobId);
        try {
            return delete(jobId, number, origin, ended);
        } catch (RuntimeException e) {
            // A wait that nobody knows of would stay for ever.
            ended.cancel(false);
            throw e;
        }
    }

    private CompletableFuture<Void> delete(String jobId, long number, Origin origin, Results.Waiter ended) {
        switch (store.delete(jobId, number)) {
            case Deleted.Gone() -> {
                ended.cancel(false);
                gone(jobId, origin);
                return CompletableFuture.completedFuture(null);
            }
            case Deleted.NoJob() -> throw Refusal.jobNotFound(jobId);
            case Deleted.Running(var key, String _, long running) -> {
                stopping(key, origin);
                runners.stops().stop(key, "stopped");
                // The job may have ended between the two statements, before anybody here could hear of it.
                results.read(jobId, ended);
                return ended.handleAsync((_, _) -> delete(jobId, running, origin), executor)
                        .thenCompose(again -> again)
                        .exceptionally(error -> {
                            Refusal refusal = Refusals.of(error);
                            if (refusal != null && refusal.kind() == Refusal.Kind.JOB_NOT_FOUND) {
                                return null;
                            }
                            throw Refusals.rethrow(error);
                        });
            }
        }
    }

    private void gone(String jobId, Origin origin) {
        origin.on(log.atInfo().addKeyValue("job_id", jobId)).log("job deleted");
        results.ended(jobId);
    }

    /// All jobs that pass the filter, newest first, read page by page while the iterator is used.
    ///
    /// @param after begin behind this job; null from the newest on
    /// @param limit at most so many
    public Iterator<Job> list(JobFilter filter, @Nullable String after, long limit) {
        long start = after == null ? Long.MAX_VALUE : store.number(after).orElseThrow(() -> Refusal.jobNotFound(after));
        return new Pages(filter, start, limit);
    }

    private final class Pages implements Iterator<Job> {
        private final JobFilter filter;
        private List<Job> page = List.of();
        private int at;
        private long next;
        private long left;

        Pages(JobFilter filter, long start, long limit) {
            this.filter = filter;
            this.next = start;
            this.left = limit;
        }

        @Override
        public boolean hasNext() {
            while (at >= page.size() && next > 0 && left > 0) {
                JobStore.Page read = store.page(filter, next, (int) Math.min(PAGE, left));
                page = read.jobs();
                next = read.next();
                at = 0;
            }
            return left > 0 && at < page.size();
        }

        @Override
        public Job next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            left--;
            return page.get(at++);
        }
    }

    /// Takes no further work; open waits end with `shutting_down`, so that their callers go on elsewhere.
    public void close() {
        closing = true;
        results.closeAll(leaving());
    }

    private void open() {
        if (closing) {
            throw leaving();
        }
    }

    private static Refusal leaving() {
        return new Refusal(
                Refusal.Kind.SHUTTING_DOWN, "this gateway is shutting down; ask another one, or again in a moment");
    }
}
