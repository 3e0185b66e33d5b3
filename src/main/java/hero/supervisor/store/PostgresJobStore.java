package hero.supervisor.store;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobDetails;
import hero.supervisor.domain.JobFilter;
import hero.supervisor.domain.JobState;
import hero.supervisor.domain.Signals;
import hero.supervisor.domain.Time;
import hero.supervisor.domain.Trace;
import hero.supervisor.store.Committed.News;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Jobs in PostgreSQL. The hot writes go through group commits of their own kind; the rest are single
/// transactions. Its only clock is the database's. Safe for any thread.
public final class PostgresJobStore implements JobStore, AutoCloseable {
    /// Before the first reading there is nothing to go back to: it begins with all that is in doubt.
    private static final Position UNREAD = new Position(0, 0);

    /// What runners hold is looked into when they beat, and thousands do.
    private static final Duration GATHER = Duration.ofMillis(25);

    /// What PostgreSQL works less for a job that does not pass through its queue (`docs/decisions/012`).
    private static final Duration WORTH = Duration.ofNanos(25_000);
    /// Likewise, and no notification and no claim of another gateway (`docs/decisions/014`).
    private static final Duration WORTH_FAR = Duration.ofNanos(120_000);

    private final GroupCommit<CreateBatch.Create, Created> creates;
    private final GroupCommit<StartBatch.Start, Started> starts;
    private final GroupCommit<ClaimBatch.Claim, List<Assignment>> claims;
    private final GroupCommit<EndBatch.End, Completed> ends;
    /// No commits, but the same gathering: a burst of waiters costs a few reads and one connection.
    private final GroupCommit<String, Answer> asks;
    private final GroupCommit<String, List<Held>> holds;

    private final Database database;
    private final EndBatch endBatch;
    private final JobWrites writes;
    private final JobReads reads;
    /// Lists may look through many rows for the few that pass a filter, and are given the time.
    private final JobPages pages;
    private final Lane listings;
    private final Lane wishes;

    private final EventLog events;
    private final Rescue rescue;
    private final Holding holding;
    private final QueueHeads heads;
    private final Overlooked overlooked;
    private final Committed committed;
    private final Signals signals;
    private final Time time;
    private final AtomicReference<@Nullable Position> doubt = new AtomicReference<>();
    private volatile Position read = UNREAD;

    /// @param node this gateway's name, unique among those on the database: it tells own events from others'
    /// @param queued writes of one kind that may wait (`Limits.storeQueue`)
    /// @param batchMax writes in one commit
    public PostgresJobStore(Database database, String node, int queued, int batchMax) {
        this(database, node, queued, batchMax, Committed.NOBODY, Signals.NONE, Time.system());
    }

    /// @param time for the durations that `signals` are told
    public PostgresJobStore(
            Database database, String node, int queued, int batchMax, Committed committed, Signals signals, Time time) {
        GroupCommit.Sizes sizes = new GroupCommit.Sizes(queued, batchMax, Duration.ofSeconds(2));
        Semaphore turns = new Semaphore(Math.max(3, Runtime.getRuntime().availableProcessors() / 2), true);
        Database prompt = database.prompt();
        this.database = prompt;
        this.signals = signals;
        this.time = time;
        this.endBatch = new EndBatch(node);
        this.heads = new QueueHeads(time);
        this.overlooked = new Overlooked(database, heads, time);
        this.creates = new GroupCommit<>(
                "create",
                sizes,
                turns,
                places(),
                batch("create", new CreateBatch(node, new Elders(time), time), CreateBatch::news));
        this.starts = new GroupCommit<>(
                "start", sizes, turns, places(), batch("start", new StartBatch(node), StartBatch::news));
        this.claims = new GroupCommit<>(
                "claim",
                sizes,
                turns,
                Gather.waves(_ -> Duration.ZERO, _ -> true, ClaimBatch::enough),
                batch(
                        "claim",
                        new ClaimBatch(node, heads),
                        (_, jobs) -> jobs.stream().allMatch(List::isEmpty) ? null : News.NONE));
        this.ends = new GroupCommit<>(
                "complete",
                sizes,
                turns,
                Gather.waves(_ -> Duration.ZERO, _ -> true, List::size),
                batch("complete", endBatch, EndBatch::news));
        this.writes = new JobWrites(prompt, node);
        this.reads = new JobReads(prompt);
        this.pages = new JobPages(database, JobPages.STRETCH, JobPages.FEW);
        this.listings = Lane.of(database);
        this.wishes = Lane.of(database);
        this.asks = new GroupCommit<>("ask", sizes, reads::answers);
        this.holds = new GroupCommit<>("hold", sizes, Gather.always(GATHER), reads::held);
        this.events = new EventLog(prompt, node, heads);
        this.rescue = new Rescue(prompt, node, heads, time);
        this.holding = new Holding(prompt, time);
        this.committed = committed;
    }

    private static <C extends Placeable> Gather<C> places() {
        return Gather.waves(
                write -> write.placing().isFar() ? WORTH_FAR : WORTH,
                write -> write.placing().isNear(),
                Placeable::placed);
    }

    private <C, R> GroupCommit.Transactions<C, R> batch(
            String kind, GroupCommit.Batch<C, R> batch, BiFunction<List<C>, List<R>, @Nullable News> news) {
        return commands -> {
            long begunNanos = time.nanoTime();
            List<R> answers = doubted(() -> database.write(batch, commands));
            News brought = news.apply(commands, answers);
            if (brought != null) {
                committed.news(brought);
            }
            signals.committed(kind, commands.size(), time.nanoTime() - begunNanos);
            return answers;
        };
    }

    /// Does a write; others hear of it, and it is remembered when its outcome is unknown.
    private <T> T told(Supplier<T> write) {
        T answer = doubted(write);
        committed.news(News.LOGGED);
        return answer;
    }

    private <T> T doubted(Supplier<T> write) {
        Position before = read;
        try {
            return write.get();
        } catch (RuntimeException unknown) {
            if (!before.equals(UNREAD)) {
                doubt.accumulateAndGet(before, (a, b) -> a == null || b.compareTo(a) < 0 ? b : a);
            }
            throw unknown;
        }
    }

    @Override
    public CompletableFuture<Created> create(Job job, boolean start, @Nullable Trace trace, Placing placing) {
        return creates.add(CreateBatch.Create.of(job, start, trace, placing));
    }

    @Override
    public void asked() {
        creates.look();
        starts.look();
        claims.look();
    }

    @Override
    public CompletableFuture<Started> start(String jobId, String runner, Placing placing) {
        return starts.add(new StartBatch.Start(jobId, runner, placing));
    }

    @Override
    public CompletableFuture<List<Assignment>> claim(String queue, Claiming claiming) {
        return claims.add(new ClaimBatch.Claim(queue, claiming));
    }

    @Override
    public CompletableFuture<Completed> complete(Completion completion) {
        return ends.add(EndBatch.End.reported(completion));
    }

    @Override
    public List<String> release(List<Assignment.Key> keys) {
        List<Spot> spots = returning(() -> told(() -> writes.release(keys)));
        returned(spots);
        return queues(spots);
    }

    @Override
    public Stopped stop(String jobId) {
        return told(() -> wishes.through(() -> writes.stop(jobId)));
    }

    @Override
    public List<Completed> end(List<Ending> endings) {
        List<EndBatch.End> ends = endings.stream().map(EndBatch.End::decided).toList();
        return told(() -> database.write(endBatch, ends));
    }

    @Override
    public Deleted delete(String jobId, long number) {
        return told(() -> wishes.through(() -> writes.delete(jobId, number)));
    }

    @Override
    public Ripened ripen(int max) {
        JobWrites.Ripe ripe = returning(() -> doubted(() -> writes.ripen(max)));
        returned(ripe.spots());
        committed.ripened(ripe.spots());
        return new Ripened(queues(ripe.spots()), ripe.next());
    }

    /// A write that brings jobs back to their old places; nobody knows where when its outcome is unknown.
    private <T> T returning(Supplier<T> write) {
        try {
            return write.get();
        } catch (RuntimeException unknown) {
            heads.forget();
            throw unknown;
        }
    }

    private static List<String> queues(List<Spot> spots) {
        return spots.stream().map(Spot::queue).distinct().toList();
    }

    @Override
    public void returned(Collection<Spot> spots) {
        spots.forEach(heads::returned);
    }

    @Override
    public void say(Lending word) {
        committed.say(word);
    }

    @Override
    public List<Assignment> handed(String sessionId, List<Assignment.Key> keys) {
        return reads.handed(sessionId, keys);
    }

    @Override
    public List<String> overlooked() {
        return overlooked.find();
    }

    @Override
    public List<String> waiting(List<String> queues) {
        return overlooked.waiting(queues);
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
        return listings.through(() -> pages.page(filter, before, max));
    }

    @Override
    public Optional<Long> number(String jobId) {
        return reads.number(jobId);
    }

    @Override
    public List<Assignment.Key> stopping(Collection<String> jobIds) {
        return reads.stopping(jobIds);
    }

    @Override
    public List<String> deleteEnded() {
        Map<Long, String> ended = writes.deleting();
        ended.entrySet().removeIf(job -> !(delete(job.getValue(), job.getKey()) instanceof Deleted.Gone));
        return List.copyOf(ended.values());
    }

    @Override
    public List<Held> held(String sessionId) {
        return holds.done(sessionId);
    }

    @Override
    public Position head() {
        return events.head();
    }

    @Override
    public Events events(Position after, int max) {
        read = after;
        return events.plain(after, max);
    }

    @Override
    public Position floor() {
        return events.floor();
    }

    @Override
    public Events eventsWithFacts(Position after, int max) {
        read = after;
        return events.withFacts(after, max);
    }

    @Override
    public Events news(Position after, int max) {
        read = after;
        return events.news(after, max);
    }

    @Override
    public @Nullable Position takeDoubt() {
        return doubt.getAndSet(null);
    }

    @Override
    public Optional<Standing> standing(String jobId) {
        return reads.standing(jobId);
    }

    @Override
    public Rescued rescue(Duration grace, int redeliveries) {
        Rescued rescued = returning(() -> doubted(() -> rescue.run(grace, redeliveries)));
        if (!rescued.queues().isEmpty() || !rescued.ended().isEmpty()) {
            committed.news(News.LOGGED);
        }
        return rescued;
    }

    @Override
    public void tidy() {
        holding.tidy();
    }

    /// Finishes the writes it has been given; further ones are refused. The database stays open.
    @Override
    public void close() {
        asks.close();
        holds.close();
        creates.close();
        starts.close();
        claims.close();
        ends.close();
    }
}
