package hero.supervisor.store;

import static hero.supervisor.store.JobFixture.claimOne;
import static hero.supervisor.store.JobFixture.get;
import static hero.supervisor.store.JobFixture.job;
import static hero.supervisor.store.JobFixture.startingAt;
import static hero.supervisor.store.JobFixture.succeed;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobFilter;
import hero.supervisor.domain.JobStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Few jobs that are looked for among many others.
@SuppressWarnings("NullAway.Init")
final class JobPagesTest {
    private static final int HISTORY = 12_000;
    private static final int STRETCH = 5000;
    private static final int FEW = 1000;
    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

    private StoreFixture fixture;

    @BeforeEach
    void connect() {
        fixture = new StoreFixture(1000, 1000);
        fixture.open("s1", 10, Duration.ofHours(1));
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    /// Ended jobs, accepted a second apart, the last at noon.
    private void history() {
        get(fixture.store.create(job("ended"), true));
        succeed(fixture.store, claimOne(fixture.store).key());
        String rest = fixture.database.query(sql -> sql.fetchSingle(
                        "select string_agg(column_name, ', ') from information_schema.columns"
                                + " where table_schema = 'public' and table_name = 'jobs' and column_name not in ('number', 'id', 'accepted_at')")
                .get(0, String.class));
        run("insert into jobs (id, accepted_at, " + rest + ") select 'old' || n, timestamptz '" + NOON
                + "' - make_interval(secs => " + HISTORY + " - n), " + rest + " from jobs, generate_series(1, "
                + HISTORY + ") n where id = 'ended' order by n");
        run("delete from jobs where id = 'ended'");
        run("analyze jobs");
    }

    private void run(String statement) {
        fixture.database.query(sql -> sql.execute(statement));
    }

    private List<String> all(JobFilter filter, int max) {
        return all(pages(fixture.database), filter, max);
    }

    private static JobPages pages(Database database) {
        return new JobPages(database, STRETCH, FEW);
    }

    private static List<String> all(JobPages pages, JobFilter filter, int max) {
        List<String> ids = new ArrayList<>();
        long next = Long.MAX_VALUE;
        while (next > 0) {
            JobStore.Page page = pages.page(filter, next, max);
            page.jobs().stream().map(Job::id).forEach(ids::add);
            assertTrue(page.next() < next, "a page goes on where it ended");
            next = page.next();
        }
        return ids;
    }

    private static JobFilter of(JobStatus status) {
        return new JobFilter(status, null, null, null, null, null, null);
    }

    private static JobFilter between(Instant after, Instant before) {
        return new JobFilter(null, null, null, null, null, after, before);
    }

    /// Rows of jobs that a listing looks at.
    private long looks(JobFilter filter) {
        Database.Settings own = fixture.settings;
        Database.Settings single = new Database.Settings(own.url(), own.user(), own.password(), 1);
        try (Database one = Database.connect(single, Duration.ofSeconds(10))) {
            all(pages(one), filter, 100);
            long before = looked(one);
            all(pages(one), filter, 100);
            return looked(one) - before;
        }
    }

    private static long looked(Database one) {
        one.query(sql -> sql.fetch("select pg_stat_force_next_flush()"));
        return one.query(sql -> sql.fetchSingle(
                        "select seq_tup_read + idx_tup_fetch from pg_stat_user_tables where relname = 'jobs'")
                .get(0, Long.class));
    }

    @Test
    void who_runs_or_waits_is_found_without_a_look_at_all_that_has_ended() {
        history();
        get(fixture.store.create(job("runs"), true));
        claimOne(fixture.store);
        get(fixture.store.create(job("waits"), true));
        get(fixture.store.create(startingAt("later", "2100-01-01T00:00:00Z"), true));

        assertEquals(List.of("runs"), all(of(JobStatus.RUNNING), 100));
        assertEquals(List.of("later", "waits"), all(of(JobStatus.QUEUED), 100));
        assertEquals(List.of("later", "waits"), all(of(JobStatus.QUEUED), 1));
        assertTrue(looks(of(JobStatus.RUNNING)) < 20, "looks: " + looks(of(JobStatus.RUNNING)));
        assertTrue(looks(of(JobStatus.QUEUED)) < 20, "queued");
    }

    @Test
    void jobs_between_two_times_are_found_without_a_look_at_what_is_hours_away() {
        history();
        JobFilter minute = between(NOON.minusSeconds(8000), NOON.minusSeconds(7940));

        List<String> found = all(minute, 7);

        assertEquals(59, found.size());
        assertEquals("old" + (HISTORY - 7941), found.getFirst());
        assertEquals("old" + (HISTORY - 7999), found.getLast());
        // An hour before and after, as the clock may have been set back.
        assertTrue(looks(minute) < 2 * 3600 + 2 * 60 + 500, "looks: " + looks(minute));
        assertEquals(
                10,
                all(between(NOON.minusSeconds(10), NOON.plusSeconds(10)), 100).size());
        assertEquals(List.of(), all(between(NOON.plusSeconds(1), NOON.plusSeconds(10)), 100));
        assertEquals(
                HISTORY, all(between(Instant.EPOCH, NOON.plusSeconds(10)), 5000).size());
    }

    @Test
    void jobs_whose_times_go_back_are_found() {
        history();
        run("update jobs set accepted_at = accepted_at - interval '50 minutes' where id = 'old" + HISTORY + "'");
        run("update jobs set accepted_at = accepted_at + interval '50 minutes' where id = 'old4000'");
        Instant back = NOON.minusSeconds(3000);
        Instant on = NOON.minusSeconds(HISTORY - 4000 - 3000);

        assertEquals(
                List.of("old" + HISTORY, "old" + (HISTORY - 3000)),
                all(between(back.minusSeconds(1), back.plusSeconds(1)), 100));
        assertEquals(List.of("old7000", "old4000"), all(between(on.minusSeconds(1), on.plusSeconds(1)), 100));
    }

    @Test
    void a_filter_that_few_jobs_fit_walks_in_stretches() {
        history();
        run("update jobs set context_id = 'rare' where id in ('old1', 'old3333', 'old12000')");
        JobFilter rare = new JobFilter(null, null, null, null, "rare", null, null);

        assertEquals(List.of("old12000", "old3333", "old1"), all(rare, 100));
        assertEquals(List.of("old12000", "old3333", "old1"), all(rare, 1));
        JobStore.Page first = pages(fixture.database).page(rare, Long.MAX_VALUE, 100);
        assertEquals(1, first.jobs().size());
        assertTrue(first.next() > 0, "the rest is another page");
        run("delete from jobs where id not in ('old1', 'old3333')");
        assertEquals(List.of("old3333", "old1"), all(rare, 100));
        run("delete from jobs");
        assertEquals(List.of(), all(rare, 100));
        assertEquals(List.of(), all(between(NOON, NOON.plusSeconds(1)), 100));
    }

    @Test
    void many_waiting_jobs_are_listed_in_pages() {
        history();
        run(
                "update jobs set status = 'queued', started_at = null, completed_at = null, output = null, session_id = null,"
                        + " attempt = 0, queued_at = accepted_at, lease = null, queue_seq = number where number > (select max(number) - 2000 from jobs)");
        run("insert into job_queue (queue, priority, seq, job_number)"
                + " select queue, 0, queue_seq, number from jobs where status = 'queued'");

        assertEquals(2000, all(of(JobStatus.QUEUED), 700).size());
    }

    @Test
    void a_page_is_bounded_in_bytes() {
        String large = "x".repeat(900_000);
        for (int n = 0; n < 12; n++) {
            get(fixture.store.create(job("large" + n, large, 300, Job.Extras.NONE), false));
        }

        JobStore.Page first = fixture.store.page(JobFilter.ALL, Long.MAX_VALUE, 500);

        assertEquals(5, first.jobs().size(), "jobs of a page of 4 MiB");
        List<String> all = all(JobFilter.ALL, 500);
        assertEquals(12, all.size());
        assertEquals("large0", all.getLast());
        assertEquals(all, all(of(JobStatus.CREATED), 500));
    }
}
