package hero.supervisor.engine;

import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.Origin;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Runner;
import hero.supervisor.domain.RunnerStatus;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.RunnerStore;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runner names: who is registered, and whether jobs flow to them. Safe for any thread.
public final class RunnerControl {
    private static final Logger log = LoggerFactory.getLogger(RunnerControl.class);

    private final RunnerStore store;
    private final JobStore jobs;
    private final Holds holds;
    private final Stops stops;

    RunnerControl(RunnerStore store, JobStore jobs, Holds holds, Stops stops) {
        this.store = store;
        this.jobs = jobs;
        this.holds = holds;
        this.stops = stops;
    }

    /// Adds a runner name, or finds it; another queue than its own is a conflict.
    ///
    /// @param queue null: its own, or its name when it is new
    public Runner register(String name, @Nullable String queue, Origin origin) {
        Runner present = store.find(name).orElse(null);
        if (present == null) {
            present = store.register(name, queue == null ? name : queue);
            store.audit("api", "runner.register", name, "queue " + present.queue());
            origin.on(log.atInfo().addKeyValue("runner", name))
                    .addKeyValue("queue", present.queue())
                    .log("runner registered");
        }
        if (queue != null && !queue.equals(present.queue())) {
            throw Refusal.conflict("the runner '" + name + "' is registered for the queue '" + present.queue()
                            + "'; remove it first, or register another name for the queue '" + queue + "'")
                    .with("runner", name)
                    .with("queue", present.queue());
        }
        return present;
    }

    /// Removes the name; its jobs stay in the queue, its connections are drained.
    public void remove(String name, Origin origin) {
        if (!store.remove(name)) {
            throw Refusal.runnerNotFound(name);
        }
        store.audit("api", "runner.remove", name, "");
        dismiss(holds.of(name));
        origin.on(log.atInfo().addKeyValue("runner", name)).log("runner removed");
    }

    /// They finish what they have and get nothing more.
    void dismiss(List<Session> sessions) {
        for (Session session : sessions) {
            session.draining = true;
            holds.dispatch().dismiss(session.queue);
        }
        if (!sessions.isEmpty()) {
            store.drain(sessions.stream().map(session -> session.id).toList());
        }
    }

    /// Opens the flow of jobs to a runner.
    public void start(String name, Origin origin) {
        setOpen(name, true, origin);
        for (Session session : holds.of(name)) {
            session.open = true;
            holds.dispatch().wake(session.queue);
        }
    }

    /// Closes the flow of jobs to a runner; with `force` what runs there is stopped too, also what is in the hands
    /// of a session at another gateway, which hears of it by the event log.
    public void stop(String name, boolean force, Origin origin) {
        setOpen(name, false, origin);
        for (Session session : holds.of(name)) {
            session.open = false;
            holds.dispatch().lender().recall(session::equals);
        }
        if (force) {
            for (String jobId : store.heldBy(name)) {
                stop(jobId, origin);
            }
        }
    }

    private void stop(String jobId, Origin origin) {
        switch (jobs.stop(jobId)) {
            case JobStore.Stopped.Running(var key, String _) -> {
                origin.on(log.atInfo().addKeyValue("job_id", jobId))
                        .addKeyValue("attempt", key.attempt())
                        .log("job stop requested");
                stops.stop(key, "runner stopped");
            }
            // It went back to its queue in between.
            case JobStore.Stopped.Ended(JobResult result) -> {
                origin.on(log.atInfo().addKeyValue("job_id", jobId)).log("job stopped");
                holds.ended(jobId, result);
            }
            case JobStore.Stopped.AlreadyFinal(), JobStore.Stopped.NoJob() -> {}
        }
    }

    private void setOpen(String name, boolean open, Origin origin) {
        if (!store.setOpen(name, open)) {
            throw Refusal.runnerNotFound(name);
        }
        store.audit("api", open ? "runner.start" : "runner.stop", name, "");
        origin.on(log.atInfo().addKeyValue("runner", name))
                .addKeyValue("open", open)
                .log("runner flow changed");
    }

    /// All names, sorted.
    public List<String> names() {
        return store.all().stream().map(Runner::name).toList();
    }

    /// Refused with `runner_not_found`.
    public RunnerStatus status(String name) {
        return store.status(name).orElseThrow(() -> Refusal.runnerNotFound(name));
    }

    public List<RunnerStatus> statuses() {
        return store.statuses();
    }

    /// Takes over which flows other gateways have opened and closed, and which names they have removed: what is
    /// registered again may serve another queue.
    void refresh() {
        // Before the look: who connects after it was registered after it.
        List<Session> sessions = List.copyOf(holds.sessions());
        Map<String, RunnerStore.Flow> flows = new HashMap<>();
        store.flows().forEach(flow -> flows.put(flow.runner(), flow));
        List<Session> strange = new ArrayList<>();
        for (Session session : sessions) {
            RunnerStore.Flow flow = flows.get(session.runner);
            if (flow != null && !session.draining && !session.queue.equals(flow.queue())) {
                strange.add(session);
            }
            boolean open = flow == null || flow.open();
            if (open != session.open) {
                session.open = open;
                if (open) {
                    holds.dispatch().wake(session.queue);
                } else {
                    holds.dispatch().lender().recall(session::equals);
                }
            }
        }
        dismiss(strange);
    }
}
