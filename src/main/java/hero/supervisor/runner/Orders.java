package hero.supervisor.runner;

import hero.supervisor.client.Tree;
import hero.supervisor.domain.JobResult;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Carries out what the server says about jobs: run, stop, abandon. Everything may be said any number of times.
/// Safe for any thread.
final class Orders {
    private static final Logger log = LoggerFactory.getLogger(Orders.class);

    private final ProcessExecutor executor;
    private final Work work;
    private final Logging logging;
    private final Progressing progressing;

    Orders(ProcessExecutor executor, Work work, Logging logging, Progressing progressing) {
        this.executor = executor;
        this.work = work;
        this.logging = logging;
        this.progressing = progressing;
    }

    /// Jobs of a pull's answer.
    void start(@Nullable Object jobs) {
        for (Object item : Tree.array(jobs)) {
            Task task = Task.of(Tree.object(item));
            // A newer attempt means that the older one counts no more, whatever it does.
            work.olderThan(task.key()).forEach(older -> abandon(older.task().key()));
            Execution execution = executor.prepare(task, logging.prepare(task));
            if (work.add(execution)) {
                begin(execution);
            }
        }
    }

    private void begin(Execution execution) {
        Task task = execution.task();
        try {
            logging.begin(execution.log());
            Thread.ofVirtual().name("job-" + task.key().jobId()).start(() -> run(execution));
        } catch (RuntimeException | Error e) {
            // Without a report it would take a slot for good.
            log.atError().addKeyValue("job_id", task.key().jobId()).setCause(e).log("a job could not be begun");
            work.finished(execution, Report.of(task, notRun()));
        }
    }

    private static JobResult notRun() {
        return new JobResult.Failure("the runner failed to run the job; its log says why", null);
    }

    private void run(Execution execution) {
        Task task = execution.task();
        log.atInfo()
                .addKeyValue("job_id", task.key().jobId())
                .addKeyValue("attempt", task.key().attempt())
                .log("job started");
        JobResult result = notRun();
        try {
            result = execution.run();
        } catch (RuntimeException | Error e) {
            log.atError().addKeyValue("job_id", task.key().jobId()).setCause(e).log("a job could not be run");
        } finally {
            end(execution, result);
        }
        log.atInfo()
                .addKeyValue("job_id", task.key().jobId())
                .addKeyValue("attempt", task.key().attempt())
                .addKeyValue("success", result instanceof JobResult.Success)
                .log("job ended");
    }

    private void end(Execution execution, JobResult result) {
        try {
            progressing.last(execution);
            logging.end(execution.log());
        } finally {
            work.finished(execution, Report.of(execution.task(), result));
        }
    }

    /// `stops` of an answer.
    void stop(@Nullable Object stops) {
        Tree.array(stops).forEach(this::stopOne);
    }

    /// One stop: `{job_id, attempt, reason, mode, grace_ms}`.
    void stopOne(@Nullable Object order) {
        Map<String, Object> members = Tree.object(order);
        long graceMs =
                Tree.whole(members, "grace_ms", executor.settings().killGrace().toMillis());
        boolean kill = Tree.string(members, "mode", "graceful").equals("kill");
        for (Task.Key key : work.matching(named(order, members))) {
            Execution execution = work.find(key);
            if (execution != null && kill) {
                execution.kill();
            } else if (execution != null) {
                execution.stop(Execution.STOPPED, Duration.ofMillis(Math.max(0, graceMs)));
            }
        }
    }

    /// `abandon` of an answer.
    void abandon(@Nullable Object items) {
        for (Object item : Tree.array(items)) {
            work.matching(named(item, Tree.object(item))).forEach(this::abandon);
        }
    }

    /// `verdicts` of a resume.
    void judge(@Nullable Object verdicts) {
        for (Object item : Tree.array(verdicts)) {
            Map<String, Object> members = Tree.object(item);
            if (Tree.string(members, "verdict", "keep").equals("abandon")) {
                work.matching(Task.Key.of(members)).forEach(this::abandon);
            }
        }
    }

    private void abandon(Task.Key key) {
        log.atInfo()
                .addKeyValue("job_id", key.jobId())
                .addKeyValue("attempt", key.attempt())
                .log("job abandoned: it is no longer this runner's");
        Execution execution = work.abandon(key);
        if (execution != null) {
            execution.kill();
        }
    }

    /// An item names a job as an object, or just by its id.
    private static Task.Key named(@Nullable Object item, Map<String, Object> members) {
        return item instanceof String jobId ? new Task.Key(jobId, 0) : Task.Key.of(members);
    }
}
