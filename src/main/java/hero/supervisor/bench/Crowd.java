package hero.supervisor.bench;

import hero.supervisor.bench.Reading.Goal;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/// Many at once that do little: idle runners, blocked calls, subscribers. Not for several threads.
final class Crowd {
    private static final int OPENING_AT_ONCE = 16;
    private static final int WARM_SOCKETS = 50;
    private static final int WAITERS_PER_LINE = 10_000;
    private static final int WAITED_JOBS = 100;
    private static final int SUBSCRIBERS_PER_LINE = 100;
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final String RUNNER = "bench-crowd";

    private final Stage stage;

    Crowd(Stage stage) {
        this.stage = stage;
    }

    /// `sockets`: heap, physical memory and processor time of idle runners, each with an open pull and its
    /// heartbeats.
    List<Reading> sockets() {
        Site site = stage.site("sockets");
        Meter meter = stage.meter(site);
        int sockets = stage.plan().sockets();
        Idle idle = new Idle(site, OPENING_AT_ONCE, stage.time());
        idle.add(WARM_SOCKETS);
        await(meter, "sockets", idle.tally(), () -> idle.connected() == WARM_SOCKETS);
        Memory before = Memory.of(site.gateway(0).process());
        stage.say("opening " + sockets + " runner sockets");
        idle.add(sockets);
        await(meter, "sockets", idle.tally(), () -> idle.connected() == WARM_SOCKETS + sockets);
        // Three beats of each lie behind us, as compilers work during the first ones; then one is measured.
        long beatNs = idle.beatNs();
        meter.pause(3 * beatNs, idle.tally()::hasFailed);
        long cpu = cpuNs(site);
        long beats = idle.tally().count();
        long begun = stage.time().nanoTime();
        meter.pause(beatNs, idle.tally()::hasFailed);
        double share = (cpuNs(site) - cpu) / (double) (stage.time().nanoTime() - begun);
        long beaten = idle.tally().count() - beats;
        Memory after = Memory.of(site.gateway(0).process());
        idle.tally().check("sockets");
        idle.close();
        stage.remove(site);
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("sockets", sockets);
        details.put("heartbeats_measured", beaten);
        double heap = (after.heapBytes() - before.heapBytes()) / 1024.0 / sockets;
        double rss = (after.rssBytes() - before.rssBytes()) / 1024.0 / sockets;
        return List.of(
                new Reading("sockets-heap", "KB each", heap, null, Goal.atMost(25), details),
                new Reading("sockets-rss", "KB each", rss, null, Goal.atMost(60), details),
                new Reading("sockets-cpu", "cores", share, null, Goal.atMost(0.1), details));
    }

    private static long cpuNs(Site site) {
        return site.gateway(0)
                .process()
                .info()
                .totalCpuDuration()
                .map(Duration::toNanos)
                .orElse(0L);
    }

    /// `waiters`: heap of blocked `job.result` calls. At the end their jobs are stopped, and each must be told so.
    List<Reading> waiters() {
        Site site = stage.site("waiters");
        site.register(RUNNER);
        Meter meter = stage.meter(site);
        int waiters = stage.plan().waiters();
        try (Line control = site.client(0)) {
            List<String> jobs = new ArrayList<>();
            for (int i = 0; i < WAITED_JOBS; i++) {
                jobs.add(Calls.created(control.ask(Calls.create(RUNNER).json(1))));
            }
            Memory before = Memory.of(site.gateway(0).process());
            stage.say("blocking " + waiters + " calls of job.result");
            Tally told = new Tally();
            List<Line> lines = new ArrayList<>();
            for (int done = 0; done < waiters; done += WAITERS_PER_LINE) {
                Line line = site.client(0);
                lines.add(line);
                int here = Math.min(WAITERS_PER_LINE, waiters - done);
                Waiting waiting = new Waiting(line, jobs, here, told);
                waiting.begin();
                Thread.ofPlatform().daemon().start(waiting);
            }
            // An answered call behind them on each line would not show that those before it are waiting already.
            meter.pause(3_000_000_000L, told::hasFailed);
            Memory after = Memory.of(site.gateway(0).process());
            if (told.count() > 0) {
                throw new Invalid("waiters: " + told.count() + " calls were answered before their jobs had ended");
            }
            for (String job : jobs) {
                control.ask(call("job.stop", "{\"job_id\":\"" + job + "\"}"));
            }
            await(meter, "waiters", told, () -> told.count() == waiters);
            for (Line line : lines) {
                line.close();
            }
            stage.remove(site);
            double heap = (after.heapBytes() - before.heapBytes()) / 1024.0 / waiters;
            return List.of(
                    new Reading("waiters-heap", "KB each", heap, null, Goal.atMost(3), Map.of("waiters", waiters)));
        } catch (IOException e) {
            throw new Invalid("waiters: the connection broke", e);
        }
    }

    private record Waiting(Line line, List<String> jobs, int calls, Tally told) implements Runnable {
        private static final byte[] STOPPED = Scan.ascii("\"result\":{\"error\":\"stopped\"");

        void begin() throws IOException {
            for (int i = 0; i < calls; i++) {
                line.send(Line.frame("{\"jsonrpc\":\"2.0\",\"id\":" + i
                        + ",\"method\":\"job.result\",\"params\":{\"job_id\":\"" + jobs.get(i % jobs.size()) + "\"}}"));
                if (i % 100 == 99) {
                    line.flush();
                }
            }
            line.flush();
        }

        @Override
        public void run() {
            try {
                for (int i = 0; i < calls && line.next(); i++) {
                    if (Scan.find(line.bytes, line.from, line.to, STOPPED) < 0) {
                        told.failed("a waiter was told: " + line.text());
                    }
                    told.done(1);
                }
            } catch (IOException e) {
                told.failed("a waiter's connection broke: " + e);
            }
        }
    }

    /// `fan-out`: from the call that starts a job to the last of its subscribers that was told.
    List<Reading> fanOut() {
        Site site = stage.site("fan_out");
        site.register(RUNNER);
        List<Reading> readings = new ArrayList<>();
        fanOut(site);
        for (int round = 1; round <= stage.plan().rounds(); round++) {
            double ms = fanOut(site);
            Map<String, Object> details = Map.of("subscribers", stage.plan().subscribers());
            readings.add(new Reading("fan-out", "ms", ms, null, Goal.atMost(250), details));
        }
        stage.remove(site);
        return readings;
    }

    private double fanOut(Site site) {
        int subscribers = stage.plan().subscribers();
        Tally told = new Tally();
        List<Subscribed> lines = new ArrayList<>();
        try (Line control = site.client(0)) {
            String job = Calls.created(control.ask(Calls.create(RUNNER).json(1)));
            for (int done = 0; done < subscribers; done += SUBSCRIBERS_PER_LINE) {
                int here = Math.min(SUBSCRIBERS_PER_LINE, subscribers - done);
                Subscribed line = new Subscribed(site.client(0), here, told);
                lines.add(line);
                line.begin(job);
                Thread.ofPlatform().daemon().start(line);
            }
            long begun = stage.time().nanoTime();
            control.ask(call("job.start", "{\"job_id\":\"" + job + "\"}"));
            Meter meter = stage.meter(site);
            await(meter, "fan-out", told, () -> told.count() == subscribers);
            double ms = (stage.time().nanoTime() - begun) / 1e6;
            control.ask(call("job.stop", "{\"job_id\":\"" + job + "\"}"));
            for (Subscribed line : lines) {
                line.line().close();
            }
            return ms;
        } catch (IOException e) {
            throw new Invalid("fan-out: the connection broke", e);
        }
    }

    private record Subscribed(Line line, int subscribers, Tally told) implements Runnable {
        private static final byte[] RESULT = Scan.ascii("\"result\":{\"subscription\"");
        private static final byte[] CREATED = Scan.ascii("\"status\":\"created\"");
        private static final byte[] QUEUED = Scan.ascii("\"status\":\"queued\"");

        /// Subscribes, and reads the answers and the first event of each.
        void begin(String job) throws IOException {
            for (int i = 0; i < subscribers; i++) {
                line.send(Line.frame("{\"jsonrpc\":\"2.0\",\"id\":" + i
                        + ",\"method\":\"job.subscribe\",\"params\":{\"job_id\":\"" + job + "\"}}"));
            }
            int answers = 0;
            int events = 0;
            while (answers < subscribers || events < subscribers) {
                if (!line.next()) {
                    throw new IOException("the gateway closed it");
                }
                boolean event = Scan.find(line.bytes, line.from, line.to, CREATED) >= 0;
                if (!event && Scan.find(line.bytes, line.from, line.to, RESULT) < 0) {
                    throw new IOException("a subscriber was told: " + line.text());
                }
                answers += event ? 0 : 1;
                events += event ? 1 : 0;
            }
        }

        @Override
        public void run() {
            int left = subscribers;
            try {
                while (left > 0 && line.next()) {
                    if (Scan.find(line.bytes, line.from, line.to, QUEUED) >= 0) {
                        left--;
                        told.done(1);
                    }
                }
            } catch (IOException e) {
                told.failed("a subscriber's connection broke: " + e);
            }
        }
    }

    private static String call(String method, String params) {
        return "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" + method + "\",\"params\":" + params + "}";
    }

    private static void await(Meter meter, String name, Tally tally, BooleanSupplier done) {
        boolean over = meter.until(() -> done.getAsBoolean() || tally.hasFailed(), PATIENCE);
        tally.check(name);
        if (!over) {
            throw new Invalid(name + ": not all was told within " + PATIENCE.toMinutes() + " minutes");
        }
    }
}
