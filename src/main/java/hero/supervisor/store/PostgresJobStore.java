package hero.supervisor.store;

import hero.supervisor.domain.JobDetails;
import hero.supervisor.domain.JobFilter;
import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobState;
import hero.supervisor.domain.JobStatus;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// Jobs in PostgreSQL. The hot writes go through group commits of their own kind; the rest are single
/// transactions. Its only clock is the database's. Safe for any thread.
public final class PostgresJobStore implements JobStore, AutoCloseable {
    private final GroupCommit<CreateBatch.Create, Created> creates;
    private final GroupCommit<String, Started> starts;
    private final GroupCommit<ClaimBatch.Claim, List<Assignment>> claims;
    private final GroupCommit<EndBatch.End, Completed> ends;
    /// No commits, but the same gathering: a burst of waiters costs a few reads and one connection.
    private final GroupCommit<String, Answer> asks;

    private final Database database;
    private final EndBatch endBatch;
    private final JobWrites writes;
    private final JobReads reads;
    /// Lists may look through many rows for the few that pass a filter, and are given the time.
    private final JobReads pages;

    private final EventLog events;
    private final Rescue rescue;
    private final Runnable committed;

    /// @param node this gateway's name, unique among those on the database: it tells own events from others'
    /// @param queued writes of one kind that may wait (`Limits.storeQueue`)
    /// @param batchMax writes in one commit
    public PostgresJobStore(Database database, String node, int queued, int batchMax) {
        this(database, node, queued, batchMax, () -> {});
    }

    /// @param committed run after each commit that may have written events; must return at once
    public PostgresJobStore(Database database, String node, int queued, int batchMax, Runnable committed) {
        GroupCommit.Sizes sizes = new GroupCommit.Sizes(queued, batchMax, Duration.ofSeconds(2));
        Database prompt = database.prompt();
        this.database = prompt;
        this.endBatch = new EndBatch(node);
        this.creates = new GroupCommit<>("create", sizes, batch(new CreateBatch(node)));
        this.starts = new GroupCommit<>("start", sizes, batch(new StartBatch(node)));
        this.claims = new GroupCommit<>("claim", sizes, batch(new ClaimBatch(node)));
        this.ends = new GroupCommit<>("complete", sizes, batch(endBatch));
        this.writes = new JobWrites(prompt, node);
        this.reads = new JobReads(prompt);
        this.pages = new JobReads(database);
        this.asks = new GroupCommit<>("ask", sizes, reads::answers);
        this.events = new EventLog(prompt, node);
        this.rescue = new Rescue(prompt, node);
        this.committed = committed;
    }

    private <C, R> GroupCommit.Transactions<C, R> batch(GroupCommit.Batch<C, R> batch) {
        return commands -> {
            List<R> answers = database.transaction(connection -> batch.write(connection, commands));
            committed.run();
            return answers;
        };
    }

    private <T> T told(T answer) {
        committed.run();
        return answer;
    }

    @Override
    public CompletableFuture<Created> create(Job job, boolean start) {
        return creates.add(CreateBatch.Create.of(job, start));
    }

    @Override
    public CompletableFuture<Started> start(String jobId) {
        return starts.add(jobId);
    }

    @Override
    public CompletableFuture<List<Assignment>> claim(String queue, List<Slot> slots) {
        return slots.isEmpty()
                ? CompletableFuture.completedFuture(List.of())
                : claims.add(new ClaimBatch.Claim(queue, List.copyOf(slots)));
    }

    @Override
    public CompletableFuture<Completed> complete(Completion completion) {
        return ends.add(EndBatch.End.reported(completion));
    }

    @Override
    public List<String> release(List<Assignment.Key> keys) {
        return told(writes.release(keys));
    }

    @Override
    public Stopped stop(String jobId) {
        return told(writes.stop(jobId));
    }

    @Override
    public Completed end(Assignment.Key key, JobStatus status, String error) {
        if (status != JobStatus.FAILED && status != JobStatus.TIMEOUT) {
            throw new IllegalArgumentException("the server ends a job as failed or timeout, not " + status.word());
        }
        EndBatch.End end = new EndBatch.End(key, new JobResult.Failure(error, null), status.word());
        return told(database.transaction(
                connection -> endBatch.write(connection, List.of(end)).getFirst()));
    }

    @Override
    public Deleted delete(String jobId) {
        return told(writes.delete(jobId));
    }

    @Override
    public List<String> ripen(int max) {
        return writes.ripen(max);
    }

    @Override
    public Optional<JobState> state(String jobId) {
        return reads.state(jobId);
    }

    @Override
    public Answer answer(String jobId) {
        return reads.answer(jobId);
    }

    @Override
    public CompletableFuture<Answer> ask(String jobId) {
        return asks.add(jobId);
    }

    @Override
    public Optional<JobDetails> details(String jobId) {
        return reads.details(jobId);
    }

    @Override
    public Page page(JobFilter filter, long before, int max) {
        return pages.page(filter, before, max);
    }

    @Override
    public Optional<Long> number(String jobId) {
        return reads.number(jobId);
    }

    @Override
    public List<Held> held(String sessionId) {
        return reads.held(sessionId);
    }

    @Override
    public Position head() {
        return events.head();
    }

    @Override
    public Events events(Position after, int max) {
        return events.plain(after, max);
    }

    @Override
    public Position floor() {
        return events.floor();
    }

    @Override
    public Events eventsWithFacts(Position after, int max) {
        return events.withFacts(after, max);
    }

    @Override
    public Optional<Standing> standing(String jobId) {
        return reads.standing(jobId);
    }

    @Override
    public Rescued rescue(Duration grace, int redeliveries) {
        Rescued rescued = rescue.run(grace, redeliveries);
        return rescued.queues().isEmpty() && rescued.ended().isEmpty() ? rescued : told(rescued);
    }

    /// Finishes the writes it has been given; further ones are refused. The database stays open.
    @Override
    public void close() {
        asks.close();
        creates.close();
        starts.close();
        claims.close();
        ends.close();
    }
}
