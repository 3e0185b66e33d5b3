package hero.supervisor.store;

import hero.supervisor.domain.Runner;
import hero.supervisor.domain.RunnerStatus;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// Runner names and the sessions of connected runners. Calls block for one statement; they fail with a `busy`
/// refusal when the database cannot be reached. Safe for any thread.
public interface RunnerStore {

    /// Adds the name, or finds it. Returns the runner as it is now: its queue may differ from the one asked for.
    Runner register(String name, String queue);

    /// False when there was no such name. Jobs stay where they are.
    boolean remove(String name);

    /// Opens or closes the flow of jobs. False when there is no such name.
    boolean setOpen(String name, boolean open);

    Optional<Runner> find(String name);

    /// All of them, by name.
    List<Runner> all();

    Optional<RunnerStatus> status(String name);

    List<RunnerStatus> statuses();

    /// Opens a session, or takes a living one over (same id and runner): true. A resumed session that is gone:
    /// false.
    boolean openSession(Session session, boolean resume, Duration lease);

    record Session(
            String id, String runner, String node, int slots, List<String> executors, Map<String, String> labels) {}

    /// Sets when the lease ends. Fence: the session is still this gateway's, `node`.
    Pulse beat(String sessionId, String node, Duration lease);

    /// Likewise, for thousands who beat: the future fails with what [#beat] throws.
    CompletableFuture<Pulse> beatSoon(String sessionId, String node, Duration lease);

    /// Ends a session that holds nothing. Same fence.
    void closeSession(String sessionId, String node);

    /// The jobs in the hands of all sessions of this name, at any gateway.
    List<String> heldBy(String name);

    /// These sessions take no more jobs, until they are opened again.
    void drain(List<String> sessionIds);

    /// What sessions may not know of their runners: which flows are closed, which names are gone, and the queue of
    /// those that were registered of late. One that is not named is open and serves what it has served.
    List<Flow> flows();

    /// @param queue null when the name is gone
    record Flow(String runner, @Nullable String queue, boolean open) {}

    /// Appends to the audit log.
    void audit(String actor, String action, String subject, String detail);
}
