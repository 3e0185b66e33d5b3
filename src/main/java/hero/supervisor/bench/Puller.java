package hero.supervisor.bench;

import hero.supervisor.domain.Time;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/// A runner whose jobs take no time: whatever it pulls it reports at once, in one call, and pulls again for all
/// its slots, as a reported job takes none. Keeps every rule of `docs/PROTOCOL.md` part 2: one open pull,
/// heartbeats that name all that was not acknowledged.
final class Puller implements Runnable, AutoCloseable {
    private static final int CONNECT = 1;
    private static final int PULL = 2;
    private static final int BEAT = 3;
    private static final int FIRST_REPORT = 4;
    private static final int WAIT_MS = 2000;
    private static final byte[] ID = Scan.ascii("\"id\":");
    private static final byte[] JOB = Scan.ascii("\"id\":\"");
    private static final byte[] ATTEMPT = Scan.ascii("\"attempt\":");
    private static final byte[] LEASE = Scan.ascii("\"lease\":\"");
    private static final byte[] RESULT = Scan.ascii("\"result\":");
    private static final byte[] BEAT_MS = Scan.ascii("\"heartbeat_ms\":");
    private static final byte[] RECORDED = Scan.ascii("\"outcome\":\"recorded\"");

    private final Line line;
    private final String connect;
    private final Tally recorded = new Tally();
    private final Time time;
    private final CountDownLatch connected = new CountDownLatch(1);
    private final Map<Integer, Batch> reported = new LinkedHashMap<>();
    private final int slots;
    private int nextReport = FIRST_REPORT;
    private long beatNs;
    private long nextBeat;
    private volatile boolean closing;

    /// What one report told of, as a heartbeat names it.
    private record Batch(int jobs, String holds) {}

    Puller(Line line, String name, String queue, int slots, Time time) {
        this.line = line;
        this.slots = slots;
        this.time = time;
        this.connect =
                "{\"jsonrpc\":\"2.0\",\"id\":" + CONNECT + ",\"method\":\"runner.connect\",\"params\":{\"name\":\""
                        + name + "\",\"queue\":\"" + queue + "\",\"slots\":" + slots + ",\"executors\":[\"bench\"]}}";
    }

    /// How many outcomes were acknowledged as recorded, and what went wrong.
    Tally recorded() {
        return recorded;
    }

    CountDownLatch connected() {
        return connected;
    }

    @Override
    public void run() {
        try (line) {
            line.send(Line.frame(connect));
            while (line.next() && !recorded.hasFailed()) {
                heard();
                beatWhenDue();
            }
            if (!closing && !recorded.hasFailed()) {
                recorded.failed("the gateway closed the runner's connection");
            }
        } catch (IOException e) {
            if (!closing) {
                recorded.failed("the runner's connection broke: " + e);
            }
        }
    }

    private void heard() {
        int at = Scan.find(line.bytes, line.from, line.to, ID) + ID.length;
        int behind = Scan.digitsEnd(line.bytes, at, line.to);
        if (behind == at || Scan.find(line.bytes, behind, line.to, RESULT) < 0) {
            recorded.failed("the runner was told: " + line.text());
            return;
        }
        int id = Scan.number(line.bytes, at, behind);
        switch (id) {
            case CONNECT -> opened(behind);
            case PULL -> pulled(behind);
            case BEAT -> {}
            default -> acknowledged(id, behind);
        }
    }

    private void opened(int at) {
        int digits = Scan.find(line.bytes, at, line.to, BEAT_MS) + BEAT_MS.length;
        beatNs = Scan.number(line.bytes, digits, Scan.digitsEnd(line.bytes, digits, line.to)) * 1_000_000L;
        nextBeat = time.nanoTime() + beatNs;
        connected.countDown();
        pull();
    }

    private void pulled(int behind) {
        StringBuilder results = new StringBuilder(256);
        StringBuilder holds = new StringBuilder(256);
        int jobs = 0;
        int at = Scan.find(line.bytes, behind, line.to, JOB);
        while (at >= 0) {
            int id = at + JOB.length;
            int idEnd = Scan.textEnd(line.bytes, id, line.to);
            int attempt = Scan.find(line.bytes, idEnd, line.to, ATTEMPT) + ATTEMPT.length;
            int attemptEnd = Scan.digitsEnd(line.bytes, attempt, line.to);
            int lease = Scan.find(line.bytes, attemptEnd, line.to, LEASE) + LEASE.length;
            int leaseEnd = Scan.textEnd(line.bytes, lease, line.to);
            String hold = "{\"job_id\":\"" + Scan.text(line.bytes, id, idEnd) + "\",\"attempt\":"
                    + Scan.text(line.bytes, attempt, attemptEnd);
            String comma = jobs == 0 ? "" : ",";
            holds.append(comma).append(hold).append('}');
            results.append(comma).append(hold).append(",\"lease\":\"");
            results.append(Scan.text(line.bytes, lease, leaseEnd)).append("\",\"success\":\"done\"}");
            jobs++;
            at = Scan.find(line.bytes, leaseEnd, line.to, JOB);
        }
        if (jobs > 0) {
            int id = nextReport++;
            reported.put(id, new Batch(jobs, holds.toString()));
            say(id, "runner.result", "{\"results\":[" + results + "]}");
        }
        pull();
    }

    private void acknowledged(int id, int behind) {
        Batch batch = reported.remove(id);
        int found = 0;
        int at = Scan.find(line.bytes, behind, line.to, RECORDED);
        while (at >= 0) {
            found++;
            at = Scan.find(line.bytes, at + RECORDED.length, line.to, RECORDED);
        }
        if (batch == null || found != batch.jobs()) {
            recorded.failed("an outcome was not recorded: " + line.text());
            return;
        }
        recorded.done(found);
    }

    private void pull() {
        say(PULL, "runner.pull", "{\"max\":" + slots + ",\"wait_ms\":" + WAIT_MS + "}");
    }

    /// An open pull is answered every two seconds at the latest, so that this is looked at often enough.
    private void beatWhenDue() {
        if (beatNs > 0 && time.nanoTime() - nextBeat >= 0) {
            nextBeat += beatNs;
            String holds = String.join(
                    ",", reported.values().stream().map(Batch::holds).toList());
            say(BEAT, "runner.heartbeat", "{\"running\":[" + holds + "]}");
        }
    }

    private void say(int id, String method, String params) {
        line.send(Line.frame(
                "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"method\":\"" + method + "\",\"params\":" + params + "}"));
    }

    @Override
    public void close() throws IOException {
        closing = true;
        line.close();
    }
}
