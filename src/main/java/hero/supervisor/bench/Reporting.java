package hero.supervisor.bench;

import hero.supervisor.domain.Time;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Somebody who reads reports again and again: one after the other on a connection whose transaction stays open,
/// with a pause after each round, on one processor as the role `supervisor_report`. The connection is its own
/// until [#close].
final class Reporting implements AutoCloseable {
    /// As long as a report of the role `supervisor_report` may take.
    private static final int SECONDS_MAX = 30;

    private static final List<String> QUESTIONS = List.of(
            "select * from report.throughput where period = 'minute' order by at desc limit 60",
            "select * from report.failures limit 100",
            "select * from report.queues",
            "select * from report.runners limit 100",
            "select * from report.callers limit 100",
            "select status, count(*), avg(wait_s), max(run_s) from report.jobs"
                    + " where accepted_at >= now() - interval '1 hour' group by status");

    private final Connection connection;
    private final Time time;
    private final long pauseMs;
    private final CountDownLatch over = new CountDownLatch(1);
    private final Thread thread =
            Thread.ofPlatform().daemon().name("bench-reports").unstarted(this::run);
    private volatile @Nullable SQLException failure;
    private volatile String asked = "";
    private volatile int rounds;
    private volatile long slowestNs;
    private volatile String slowest = "";

    private Reporting(Connection connection, Time time, double pauseSeconds) {
        this.connection = connection;
        this.time = time;
        this.pauseMs = (long) (pauseSeconds * 1000);
    }

    /// One that reads nothing.
    static Reporting none(Connection connection, Time time) {
        return new Reporting(connection, time, 0);
    }

    /// Begins to read.
    static Reporting on(Connection connection, Time time, double pauseSeconds) {
        Reporting reporting = new Reporting(connection, time, pauseSeconds);
        reporting.thread.start();
        return reporting;
    }

    private void run() {
        try (Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(SECONDS_MAX);
            statement.execute("set local max_parallel_workers_per_gather = 0");
            int read = 0;
            do {
                for (String question : QUESTIONS) {
                    ask(statement, question);
                }
                rounds = ++read;
            } while (!over.await(pauseMs, TimeUnit.MILLISECONDS));
        } catch (SQLException e) {
            failure = e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void ask(Statement statement, String question) throws SQLException {
        asked = question;
        long begun = time.nanoTime();
        try (ResultSet rows = statement.executeQuery(question)) {
            while (rows.next()) {
                // A reader reads them all.
            }
        }
        long took = time.nanoTime() - begun;
        if (took > slowestNs) {
            slowestNs = took;
            slowest = question;
        }
    }

    /// Ends after the present round. [Invalid] when a report failed, or took longer than 30 s.
    @Override
    public void close() {
        over.countDown();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        SQLException failed = failure;
        if (failed != null) {
            throw new Invalid("a report failed beside the load (" + asked + ")", failed);
        }
    }

    /// What was read so far.
    Map<String, Object> details() {
        return rounds == 0
                ? Map.of()
                : Map.of(
                        "report_rounds",
                        rounds,
                        "slowest_report_ms",
                        Report.rounded(slowestNs / 1e6),
                        "slowest_report",
                        slowest);
    }
}
