package hero.supervisor.store;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobDetails;
import hero.supervisor.domain.JobDetails.Attempt;
import hero.supervisor.domain.JobFilter;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobState;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Outcome;
import hero.supervisor.domain.Trace;
import hero.supervisor.store.MemoryDatabase.Logged;
import hero.supervisor.store.MemoryDatabase.Row;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The in-memory twin of the real store, held to the same contract. Each gateway has a store of its own on the
/// shared database.
public final class MemoryJobStore implements JobStore {
    private final MemoryDatabase shared;
    private final MemoryMoves moves;
    private final String node;
    private volatile Consumer<Lending> saying = _ -> {};

    public MemoryJobStore(MemoryDatabase shared, String node) {
        this.shared = shared;
        this.moves = new MemoryMoves(shared, node);
        this.node = node;
    }

    public void onSay(Consumer<Lending> said) {
        saying = said;
    }

    @Override
    public void say(Lending word) {
        saying.accept(word);
    }

    @Override
    public List<Assignment> handed(String sessionId, List<Assignment.Key> keys) {
        synchronized (shared) {
            return moves.handed(sessionId, keys);
        }
    }

    @Override
    public CompletableFuture<Created> create(Job job, boolean start, @Nullable Trace trace, Placing placing) {
        synchronized (shared) {
            Row present = shared.jobs.get(job.id());
            if (present != null) {
                return CompletableFuture.completedFuture(
                        MemoryMoves.same(present.job, job)
                                ? new Created.Same(present.status, present.queue)
                                : new Created.Different());
            }
            String queue = shared.queues.get(job.runner());
            if (queue == null) {
                return CompletableFuture.completedFuture(new Created.NoRunner());
            }
            Row row = new Row(++shared.numbers, job, queue);
            row.trace = trace;
            shared.jobs.put(job.id(), row);
            moves.log(row, "created");
            if (start) {
                moves.enqueue(row, MemoryMoves.startAt(job), true);
                Place place = placing.place(row);
                if (place != null && place.queue().equals(queue) && row.placed) {
                    return CompletableFuture.completedFuture(new Created.Handed(moves.hand(row, place.slot())));
                }
            }
            return CompletableFuture.completedFuture(new Created.New(queue));
        }
    }

    @Override
    public CompletableFuture<Started> start(String jobId, String runner, Placing placing) {
        synchronized (shared) {
            Row row = shared.jobs.get(jobId);
            if (row == null) {
                return CompletableFuture.completedFuture(new Started.NoJob());
            } else if (row.status == JobStatus.CREATED) {
                moves.enqueue(row, MemoryMoves.startAt(row.job), true);
                Place place = placing.place(row);
                return CompletableFuture.completedFuture(
                        place != null && place.queue().equals(row.queue) && row.placed
                                ? new Started.Handed(moves.hand(row, place.slot()))
                                : new Started.Queued(row.queue));
            }
            return CompletableFuture.completedFuture(
                    row.status.isFinal() ? new Started.Final(row.status) : new Started.Already());
        }
    }

    @Override
    public CompletableFuture<List<Assignment>> claim(String queue, Claiming claiming) {
        List<Slot> slots = claiming.slots();
        synchronized (shared) {
            List<Assignment> handed = new ArrayList<>();
            for (Row row : List.copyOf(shared.waiting)) {
                if (handed.size() < slots.size() && row.queue.equals(queue)) {
                    Slot slot = slots.get(handed.size());
                    handed.add(moves.hand(row, slot));
                }
            }
            return CompletableFuture.completedFuture(handed);
        }
    }

    @Override
    public CompletableFuture<Completed> complete(Completion completion) {
        synchronized (shared) {
            Row row = shared.jobs.get(completion.key().jobId());
            if (row == null || !row.heldBy(completion.key())) {
                boolean before = row != null && row.answered.contains(completion.key());
                return CompletableFuture.completedFuture(Completed.refused(before ? Outcome.DUPLICATE : Outcome.STALE));
            }
            row.answered.add(completion.key());
            return CompletableFuture.completedFuture(moves.reported(row, completion.result()));
        }
    }

    @Override
    public List<String> release(List<Assignment.Key> keys) {
        synchronized (shared) {
            List<String> queues = new ArrayList<>();
            for (Assignment.Key key : keys) {
                Row row = shared.jobs.get(key.jobId());
                if (row != null && row.heldBy(key) && moves.handBack(row)) {
                    queues.add(row.queue);
                }
            }
            return queues.stream().distinct().toList();
        }
    }

    @Override
    public Stopped stop(String jobId) {
        synchronized (shared) {
            Row row = shared.jobs.get(jobId);
            if (row == null) {
                return new Stopped.NoJob();
            } else if (row.status.isFinal()) {
                return new Stopped.AlreadyFinal();
            } else if (row.status == JobStatus.RUNNING) {
                moves.askToStop(row);
                return new Stopped.Running(MemoryMoves.key(row), Objects.requireNonNull(row.sessionId));
            }
            JobResult result = new JobResult.Failure("stopped", null);
            moves.finish(row, JobStatus.FAILED, result, false);
            return new Stopped.Ended(result);
        }
    }

    @Override
    public List<Completed> end(List<Ending> endings) {
        return endings.stream()
                .map(ending -> ended(ending.key(), ending.status(), ending.error()))
                .toList();
    }

    private Completed ended(Assignment.Key key, JobStatus status, String error) {
        synchronized (shared) {
            Row row = shared.jobs.get(key.jobId());
            if (row == null || !row.heldBy(key)) {
                return Completed.refused(Outcome.STALE);
            }
            boolean stopped = row.stopRequested && status == JobStatus.TIMEOUT;
            JobResult.Failure failure = new JobResult.Failure(stopped ? "stopped" : error, null);
            if (status == JobStatus.TIMEOUT && !stopped) {
                return moves.endOrRetry(row, status, failure, false);
            }
            moves.finish(row, JobStatus.FAILED, failure, false);
            return new Completed(Outcome.RECORDED, failure, null, JobStatus.FAILED);
        }
    }

    @Override
    public Deleted delete(String jobId, long number) {
        synchronized (shared) {
            return moves.delete(jobId, number);
        }
    }

    @Override
    public Ripened ripen(int max) {
        synchronized (shared) {
            List<String> queues = new ArrayList<>();
            for (Row row : shared.jobs.values()) {
                if (queues.size() < max && row.dueAt != null && !row.dueAt.isAfter(moves.now())) {
                    moves.place(row);
                    queues.add(row.queue);
                }
            }
            Duration next = shared.jobs.values().stream()
                    .filter(row -> row.dueAt != null)
                    .map(row -> Duration.between(moves.now(), row.dueAt))
                    .min(Comparator.naturalOrder())
                    .orElse(null);
            return new Ripened(queues.stream().distinct().sorted().toList(), next);
        }
    }

    @Override
    public Optional<JobState> state(String jobId) {
        synchronized (shared) {
            return Optional.ofNullable(shared.jobs.get(jobId)).map(MemoryMoves::state);
        }
    }

    @Override
    public Answer answer(String jobId) {
        synchronized (shared) {
            Row row = shared.jobs.get(jobId);
            return row == null || (row.deleting && row.result != null)
                    ? new Answer.NoJob()
                    : row.result == null ? new Answer.Pending() : new Answer.Done(row.result);
        }
    }

    @Override
    public Optional<JobDetails> details(String jobId) {
        synchronized (shared) {
            Row row = shared.jobs.get(jobId);
            if (row == null) {
                return Optional.empty();
            }
            List<Attempt> attempts = new ArrayList<>(row.attempts);
            if (row.startedAt != null && row.status != JobStatus.QUEUED) {
                JobResult.Failure failure = row.result instanceof JobResult.Failure f ? f : null;
                attempts.add(new Attempt(
                        row.attempt,
                        row.sessionId,
                        row.startedAt,
                        row.completedAt,
                        row.status.word(),
                        failure == null ? null : failure.message(),
                        failure == null ? null : failure.exitCode()));
            }
            return Optional.of(new JobDetails(row.job, row.queue, MemoryMoves.state(row), null, row.result, attempts));
        }
    }

    @Override
    public Page page(JobFilter filter, long before, int max) {
        synchronized (shared) {
            List<Row> rows = shared.jobs.values().stream()
                    .filter(row -> row.number < before && MemoryMoves.passes(row, filter))
                    .sorted(Comparator.comparingLong((Row row) -> -row.number))
                    .limit(max)
                    .toList();
            long next = rows.size() < max ? 0 : rows.getLast().number;
            return new Page(rows.stream().map(row -> row.job).toList(), next);
        }
    }

    @Override
    public Optional<Long> number(String jobId) {
        synchronized (shared) {
            return Optional.ofNullable(shared.jobs.get(jobId)).map(row -> row.number);
        }
    }

    @Override
    public List<Assignment.Key> stopping(Collection<String> jobIds) {
        synchronized (shared) {
            return moves.stopping(jobIds);
        }
    }

    @Override
    public List<String> deleteEnded() {
        synchronized (shared) {
            return moves.deleteEnded();
        }
    }

    @Override
    public List<Held> held(String sessionId) {
        synchronized (shared) {
            return moves.held(sessionId);
        }
    }

    @Override
    public Position head() {
        synchronized (shared) {
            return new Position(shared.events.size(), 0);
        }
    }

    @Override
    public Position floor() {
        synchronized (shared) {
            return new Position(shared.floor, 0);
        }
    }

    @Override
    public Events events(Position after, int max) {
        return read(after, max, false);
    }

    @Override
    public Events eventsWithFacts(Position after, int max) {
        return read(after, max, true);
    }

    @Override
    public Events news(Position after, int max) {
        Events all = read(after, max, false);
        return new Events(all.events().stream().filter(e -> !e.own()).toList(), all.next(), all.held());
    }

    @Override
    public @Nullable Position takeDoubt() {
        return null;
    }

    private Events read(Position after, int max, boolean all) {
        synchronized (shared) {
            int from = (int) Math.max(after.xid(), shared.floor);
            int to = Math.min(shared.events.size(), from + max);
            List<Event> events = shared.events.subList(from, to).stream()
                    .map(logged -> event(logged, all))
                    .toList();
            return new Events(events, new Position(Math.max(from, to), 0), false);
        }
    }

    private Event event(Logged logged, boolean all) {
        Event e = logged.event();
        Row row = all ? shared.jobs.get(e.jobId()) : null;
        Facts facts = row == null ? null : new Facts(row.job.executor(), row.job.callerId(), row.job.contextId());
        return new Event(
                e.position(),
                e.at(),
                e.jobId(),
                e.status(),
                e.attempt(),
                e.runner(),
                e.queue(),
                logged.node().equals(node),
                facts);
    }

    @Override
    public Optional<Standing> standing(String jobId) {
        synchronized (shared) {
            Snapshot snapshot = new Snapshot(head(), shared.events.size() + 1L, Set.of());
            return Optional.ofNullable(shared.jobs.get(jobId))
                    .map(row -> new Standing(
                            row.status,
                            moves.now(),
                            row.attempt,
                            row.job.runner(),
                            row.queue,
                            row.status == JobStatus.RUNNING && row.stopRequested,
                            snapshot));
        }
    }

    @Override
    public Rescued rescue(Duration grace, int redeliveries) {
        synchronized (shared) {
            List<String> sessions = shared.sessions.entrySet().stream()
                    .filter(entry -> entry.getValue().leaseUntil.plus(grace).isBefore(moves.now()))
                    .map(Map.Entry::getKey)
                    .toList();
            List<String> queues = new ArrayList<>();
            List<String> again = new ArrayList<>();
            List<Ended> ended = new ArrayList<>();
            sessions.forEach(shared.sessions::remove);
            // Also holds of a session that is gone already: a claim may commit just after its session was ended.
            for (Row row : List.copyOf(shared.jobs.values())) {
                if (row.status == JobStatus.RUNNING && !shared.sessions.containsKey(row.sessionId)) {
                    moves.free(row, redeliveries, queues, again, ended);
                }
            }
            return new Rescued(sessions, queues.stream().distinct().sorted().toList(), again, ended);
        }
    }
}
