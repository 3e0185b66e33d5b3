package hero.supervisor.store;

import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Runner;
import hero.supervisor.domain.RunnerStatus;
import hero.supervisor.store.MemoryDatabase.SessionRow;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/// The in-memory twin of the runner store, on the same shared state as the job stores.
public final class MemoryRunnerStore implements RunnerStore {
    private final MemoryDatabase shared;
    private final Map<String, Boolean> open = new LinkedHashMap<>();
    private final List<String> audits = new ArrayList<>();

    public MemoryRunnerStore(MemoryDatabase shared) {
        this.shared = shared;
    }

    @Override
    public Runner register(String name, String queue) {
        synchronized (shared) {
            shared.queues.putIfAbsent(name, queue);
            open.putIfAbsent(name, true);
            return find(name).orElseThrow();
        }
    }

    @Override
    public boolean remove(String name) {
        synchronized (shared) {
            open.remove(name);
            return shared.queues.remove(name) != null;
        }
    }

    @Override
    public boolean setOpen(String name, boolean isOpen) {
        synchronized (shared) {
            if (!shared.queues.containsKey(name)) {
                return false;
            }
            open.put(name, isOpen);
            return true;
        }
    }

    @Override
    public Optional<Runner> find(String name) {
        synchronized (shared) {
            return Optional.ofNullable(shared.queues.get(name))
                    .map(queue -> new Runner(name, queue, open.getOrDefault(name, true)));
        }
    }

    @Override
    public List<Runner> all() {
        synchronized (shared) {
            return shared.queues.keySet().stream()
                    .sorted()
                    .map(name -> find(name).orElseThrow())
                    .toList();
        }
    }

    @Override
    public Optional<RunnerStatus> status(String name) {
        synchronized (shared) {
            return find(name)
                    .map(runner -> new RunnerStatus(
                            runner,
                            (int) shared.sessions.values().stream()
                                    .filter(s -> s.runner.equals(name))
                                    .count(),
                            1,
                            0,
                            shared.waiting.stream()
                                    .filter(row -> row.queue.equals(runner.queue()))
                                    .count(),
                            null));
        }
    }

    @Override
    public List<RunnerStatus> statuses() {
        synchronized (shared) {
            return all().stream()
                    .map(runner -> status(runner.name()).orElseThrow())
                    .toList();
        }
    }

    @Override
    public boolean openSession(Session session, boolean resume, Duration lease) {
        synchronized (shared) {
            SessionRow present = shared.sessions.get(session.id());
            if (resume && (present == null || !present.runner.equals(session.runner()))) {
                return false;
            }
            shared.sessions.put(
                    session.id(),
                    new SessionRow(
                            session.runner(),
                            session.node(),
                            shared.time.instant().plus(lease)));
            return true;
        }
    }

    @Override
    public Pulse beat(String sessionId, String node, Duration lease) {
        synchronized (shared) {
            SessionRow row = shared.sessions.get(sessionId);
            if (row == null) {
                return Pulse.LOST;
            } else if (!row.node.equals(node)) {
                return Pulse.MOVED;
            }
            row.leaseUntil = shared.time.instant().plus(lease);
            return holds(sessionId) ? Pulse.HOLDING : Pulse.IDLE;
        }
    }

    @Override
    public CompletableFuture<Pulse> beatSoon(String sessionId, String node, Duration lease) {
        return CompletableFuture.completedFuture(beat(sessionId, node, lease));
    }

    @Override
    public void closeSession(String sessionId, String node) {
        synchronized (shared) {
            SessionRow row = shared.sessions.get(sessionId);
            if (row != null && row.node.equals(node) && !holds(sessionId)) {
                shared.sessions.remove(sessionId);
            }
        }
    }

    private boolean holds(String sessionId) {
        return shared.jobs.values().stream()
                .anyMatch(job -> job.status == JobStatus.RUNNING && sessionId.equals(job.sessionId));
    }

    @Override
    public List<String> heldBy(String name) {
        synchronized (shared) {
            return shared.jobs.values().stream()
                    .filter(row -> row.status == JobStatus.RUNNING)
                    .filter(row -> {
                        SessionRow session = shared.sessions.get(row.sessionId);
                        return session != null && session.runner.equals(name);
                    })
                    .map(row -> row.job.id())
                    .toList();
        }
    }

    @Override
    public void drain(List<String> sessionIds) {
        // Nobody here asks for it.
    }

    @Override
    public List<Flow> flows() {
        synchronized (shared) {
            return Stream.concat(
                            all().stream().map(runner -> new Flow(runner.name(), runner.queue(), runner.open())),
                            shared.sessions.values().stream()
                                    .filter(session -> find(session.runner).isEmpty())
                                    .map(session -> new Flow(session.runner, null, true)))
                    .toList();
        }
    }

    @Override
    public void audit(String actor, String action, String subject, String detail) {
        synchronized (shared) {
            audits.add(action + " " + subject);
        }
    }
}
