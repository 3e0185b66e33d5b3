package hero.supervisor.bench;

import hero.supervisor.store.Database;
import hero.supervisor.store.Retention;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/// `soak`: a long load at a modest pace, and what gateway and database hold meanwhile. Nothing may grow once
/// retention keeps up. Not for several threads.
final class Soak {
    private static final String RUNNER = "bench-soak";
    private static final int SLOTS = 64;
    private static final int SOCKETS = 4;
    private static final int SAMPLES = 30;
    private static final double SAMPLE_EVERY_MIN_S = 5;
    private static final int SAMPLES_MIN = 3;

    /// A socket is written to so often per second at most; for a higher rate with several calls at once.
    private static final int ACTS_PER_SECOND = 25;

    private static final long SECOND_NS = 1_000_000_000L;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Stage stage;
    private final Plan plan;
    private final Tally ended = new Tally();
    private final Tally visits = new Tally();
    private final Tally heard = new Tally();
    private final List<Paced> paced = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final List<AutoCloseable> lines = new ArrayList<>();

    Soak(Stage stage) {
        this.stage = stage;
        this.plan = stage.plan();
    }

    List<Reading> run() {
        Site site = stage.site("soak");
        Meter meter = stage.meter(site);
        Puller runner = site.runner(0, RUNNER, SLOTS);
        BooleanSupplier failed =
                () -> List.of(ended, visits, heard, runner.recorded()).stream().anyMatch(Tally::hasFailed);
        long begun = stage.time().nanoTime();
        begin(site);
        List<Sample> samples = samples(site, meter, begun, failed);
        paced.forEach(Paced::stop);
        boolean over = meter.until(
                () -> failed.getAsBoolean() || (threads.stream().noneMatch(Thread::isAlive) && told(runner)), PATIENCE);
        List.of(ended, visits, heard, runner.recorded()).forEach(tally -> tally.check("soak"));
        if (!over) {
            throw new Invalid("soak: " + ended.count() + " jobs ended, but the runner was told of "
                    + runner.recorded().count() + " and the subscriber of " + heard.count());
        }
        check(site);
        leave();
        stage.remove(site);
        return readings(samples);
    }

    private boolean told(Puller runner) {
        return runner.recorded().count() == ended.count() && heard.count() == ended.count();
    }

    /// The callers on [#SOCKETS] sockets, somebody who waits for a job in another call, a subscriber to all, and
    /// each second somebody who comes and goes.
    private void begin(Site site) {
        try {
            Clients.Subscriber subscriber = new Clients.Subscriber(site.client(0), heard);
            lines.add(subscriber);
            Thread.ofPlatform().daemon().name("soak-subscriber").start(subscriber);
        } catch (IOException e) {
            throw new Invalid("soak", e);
        }
        int atOnce = Math.max(1, Math.round(plan.soakRate() / (float) (SOCKETS * ACTS_PER_SECOND)));
        long everyNs = SECOND_NS * SOCKETS * atOnce / plan.soakRate();
        for (int i = 0; i < SOCKETS; i++) {
            Clients.Runs runs = new Clients.Runs(site.client(0), Calls.run(RUNNER), atOnce, ended);
            lines.add(runs);
            begin("job.run", runs, everyNs, everyNs * i / SOCKETS, ended);
        }
        Clients.Waits waits = new Clients.Waits(site.client(0), RUNNER, ended);
        lines.add(waits);
        begin("job.result", waits, SECOND_NS, 0, ended);
        begin("a short connection", new Clients.Visits(site, visits), SECOND_NS, SECOND_NS / 2, visits);
    }

    private void begin(String name, Paced.Act act, long everyNs, long afterNs, Tally tally) {
        Paced worker = new Paced(name, act, everyNs, afterNs, tally, stage.time());
        paced.add(worker);
        threads.add(Thread.ofPlatform().daemon().name("soak-" + name).start(worker));
    }

    private List<Sample> samples(Site site, Meter meter, long begun, BooleanSupplier failed) {
        double seconds = plan.soakSeconds();
        double everyS = Math.min(Math.max(seconds / SAMPLES, SAMPLE_EVERY_MIN_S), seconds / SAMPLES_MIN);
        // A job is kept for a sixtieth of the time, a second at least, so that the tables are soon as large as they
        // get. Gateways do the same with days, every ten minutes.
        Duration keep = Duration.ofMillis((long) Math.max(1000, seconds * 1000 / 60));
        long sweepAt = begun + keep.toNanos();
        List<Sample> samples = new ArrayList<>();
        for (int i = 1; i * everyS <= seconds * 1.0001; i++) {
            long at = begun + (long) (i * everyS * 1e9);
            while (sweepAt < at && !failed.getAsBoolean()) {
                pause(meter, sweepAt, failed);
                sweep(site, keep);
                sweepAt += keep.toNanos();
            }
            pause(meter, at, failed);
            List.of(ended, visits, heard).forEach(tally -> tally.check("soak"));
            Sample sample = Sample.of(site, (stage.time().nanoTime() - begun) / 1e9, ended.count());
            samples.add(sample);
            stage.say("soak: after " + Report.number(Math.rint(sample.atS())) + " s " + Report.number(sample.heapMb())
                    + " MB of heap, " + sample.connections() + " connections to the database, "
                    + sample.memory().files() + " open files, " + Report.number(sample.tablesMb()) + " MB of tables");
        }
        return samples;
    }

    private void pause(Meter meter, long until, BooleanSupplier failed) {
        meter.pause(Math.max(0, until - stage.time().nanoTime()), failed);
    }

    /// One round of what each gateway does, with ages that no setting allows. Its connections are gone afterwards:
    /// those that are counted are the gateway's.
    private static void sweep(Site site, Duration keep) {
        Duration forever = Retention.Ages.FOREVER;
        Retention.Ages ages = new Retention.Ages(forever, keep, keep, forever, forever, forever, forever);
        try (Database database = Database.connect(site.sql().settings(), PATIENCE);
                Retention retention = new Retention(database, ages)) {
            retention.run();
        }
    }

    /// Every job that ended left exactly one end in the log, and none is left that did not end.
    private void check(Site site) {
        long ends = site.sql().number("select count(*) from job_events where status = 'completed'");
        long open = site.sql().number("select count(*) from jobs where status <> 'completed'");
        if (ends != ended.count() || open > 0) {
            throw new Invalid("soak: " + ended.count() + " jobs were answered, the log holds " + ends + " ends, and "
                    + open + " jobs did not end");
        }
    }

    private void leave() {
        for (AutoCloseable line : lines) {
            try {
                line.close();
            } catch (Exception e) {
                throw new Invalid("soak: a connection did not close", e);
            }
        }
    }

    private List<Reading> readings(List<Sample> samples) {
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("seconds", plan.soakSeconds());
        details.put(
                "jobs_per_second",
                Report.rounded(ended.count() / samples.getLast().atS()));
        details.put("short_connections", visits.count());
        details.put("samples", samples.stream().map(Sample::details).toList());
        Reading heap = Sample.steady("soak-heap", "MB", samples, Sample::heapMb);
        List<Reading> readings = new ArrayList<>();
        readings.add(new Reading(heap.name(), heap.unit(), heap.ours(), heap.against(), heap.goal(), details));
        readings.add(Sample.steady("soak-connections", "to the database", samples, Sample::connections));
        if (samples.getLast().memory().files() > 0) {
            readings.add(Sample.steady(
                    "soak-files",
                    "open files",
                    samples,
                    sample -> sample.memory().files()));
        }
        readings.add(Sample.steady("soak-tables", "MB", samples, Sample::tablesMb));
        readings.add(Sample.steady("soak-log", "bytes per job", samples, Sample::logBytesEach));
        return readings;
    }
}
