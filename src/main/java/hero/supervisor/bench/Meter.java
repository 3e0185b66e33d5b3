package hero.supervisor.bench;

import hero.supervisor.domain.Time;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/// Lets workers run, and tells how much they did in the measured part of it. Not for several threads.
final class Meter {
    private static final long LOOK_NS = 2_000_000;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Time time;
    private final Sql sql;
    private final Supplier<Map<String, List<ProcessHandle>>> processes;

    /// `processes` by the name under which their processor time is told.
    Meter(Time time, Sql sql, Supplier<Map<String, List<ProcessHandle>>> processes) {
        this.time = time;
        this.sql = sql;
        this.processes = processes;
    }

    /// What one measurement gave: a rate, the times of each thing done, and for the report latencies, processor
    /// time and WAL.
    static final class Measured {
        private final double perSecond;
        private final long[] timesNs;
        private final Map<String, Object> details;

        /// `timesNs` ascending; empty when none were taken.
        Measured(double perSecond, long[] timesNs, Map<String, Object> details) {
            this.perSecond = perSecond;
            this.timesNs = timesNs;
            this.details = details;
        }

        double perSecond() {
            return perSecond;
        }

        Map<String, Object> details() {
            return details;
        }

        /// The time in ms under which this part of all lies, such as 0.5 for the median.
        double p(double quantile) {
            int at = (int) Math.min(timesNs.length - 1, timesNs.length * quantile);
            return timesNs.length == 0 ? Double.NaN : timesNs[at] / 1e6;
        }
    }

    /// Starts the workers, waits `warmUpNs`, measures for `measureNs`, stops them and waits for their end.
    /// [Invalid] when one of `tallies` tells a failure; the first of them is what is counted.
    Measured measure(
            String name,
            List<? extends Stoppable> workers,
            List<Tally> tallies,
            long warmUpNs,
            long measureNs,
            ThreadFactory threads) {
        List<Thread> started = new ArrayList<>();
        for (Stoppable worker : workers) {
            Thread thread = threads.newThread(() -> run(worker, tallies.getFirst()));
            thread.start();
            started.add(thread);
        }
        Tally tally = tallies.getFirst();
        BooleanSupplier failed = () -> tallies.stream().anyMatch(Tally::hasFailed);
        pause(warmUpNs, failed);
        tally.timing(true);
        Usage before = usage(tally);
        pause(measureNs, failed);
        Usage after = usage(tally);
        tally.timing(false);
        workers.forEach(Stoppable::stop);
        boolean ended = until(() -> failed.getAsBoolean() || started.stream().noneMatch(Thread::isAlive), PATIENCE);
        tallies.forEach(one -> one.check(name));
        if (!ended) {
            throw new Invalid(name + ": the last answers did not come within " + PATIENCE.toSeconds() + " s");
        }
        return measured(before, after, tally.times());
    }

    private static void run(Stoppable worker, Tally tally) {
        try {
            worker.run();
        } catch (RuntimeException e) {
            tally.failed("the load generator failed: " + e);
            throw e;
        }
    }

    private Measured measured(Usage before, Usage after, long[] times) {
        double seconds = (after.nanos - before.nanos) / 1e9;
        long done = after.count - before.count;
        Map<String, Object> details = new LinkedHashMap<>();
        Measured measured = new Measured(done / seconds, times, details);
        if (times.length > 0) {
            details.put("p50_ms", Report.rounded(measured.p(0.5)));
            details.put("p99_ms", Report.rounded(measured.p(0.99)));
            details.put("max_ms", Report.rounded(measured.p(1)));
        }
        after.cpuNs.forEach((process, ns) -> details.put(
                "cores_" + process, Report.rounded((ns - before.cpuNs.getOrDefault(process, 0L)) / 1e9 / seconds)));
        if (done > 0) {
            details.put("wal_bytes_each", (after.wal - before.wal) / done);
        }
        return measured;
    }

    private record Usage(long nanos, long count, long wal, Map<String, Long> cpuNs) {}

    private Usage usage(Tally tally) {
        long wal = sql.number("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint");
        Map<String, Long> cpu = new LinkedHashMap<>();
        processes
                .get()
                .forEach((name, handles) ->
                        cpu.put(name, handles.stream().mapToLong(Meter::cpuNs).sum()));
        return new Usage(time.nanoTime(), tally.count(), wal, cpu);
    }

    private static long cpuNs(ProcessHandle process) {
        return process.info().totalCpuDuration().map(Duration::toNanos).orElse(0L);
    }

    /// Waits so long, or until `broken`.
    void pause(long ns, BooleanSupplier broken) {
        until(broken, Duration.ofNanos(ns));
    }

    /// True as soon as `done`; false when `atMost` is over. What is waited for is in other processes and gives no
    /// signal, so it is looked at.
    boolean until(BooleanSupplier done, Duration atMost) {
        long deadline = time.nanoTime() + atMost.toNanos();
        while (!done.getAsBoolean()) {
            long left = deadline - time.nanoTime();
            if (left <= 0 || Thread.currentThread().isInterrupted()) {
                return false;
            }
            LockSupport.parkNanos(Math.min(left, LOOK_NS));
        }
        return true;
    }
}
