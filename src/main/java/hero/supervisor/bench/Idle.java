package hero.supervisor.bench;

import hero.supervisor.domain.Time;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/// Runners without work: each keeps a pull open and sends its heartbeats. A virtual thread per socket.
final class Idle implements AutoCloseable {
    private static final int BUFFER_BYTES = 512;
    private static final int CONNECT = 1;
    private static final int PULL = 2;
    private static final int BEAT = 3;
    private static final byte[] PULLED = Scan.ascii("\"id\":" + PULL + ",\"result\"");
    private static final byte[] BEATEN = Scan.ascii("\"id\":" + BEAT + ",\"result\"");
    private static final byte[] BEAT_MS = Scan.ascii("\"heartbeat_ms\":");

    private final Site site;
    private final Semaphore opening;
    private final Time time;
    private final Tally beats = new Tally();
    private final List<Line> lines = new CopyOnWriteArrayList<>();
    private final AtomicInteger names = new AtomicInteger();
    private volatile long beatNs;
    private volatile boolean closing;

    Idle(Site site, int openingAtOnce, Time time) {
        this.site = site;
        this.opening = new Semaphore(openingAtOnce);
        this.time = time;
        site.gateway(0);
    }

    void add(int runners) {
        for (int i = 0; i < runners; i++) {
            int number = names.getAndIncrement();
            Thread.ofVirtual().start(() -> live(number));
        }
    }

    int connected() {
        return lines.size();
    }

    /// Heartbeats answered, and what went wrong.
    Tally tally() {
        return beats;
    }

    /// Between two heartbeats of one runner.
    long beatNs() {
        return beatNs;
    }

    private void live(int number) {
        try (Line line = open(number)) {
            byte[] pull = frame(PULL, "runner.pull", "{\"max\":1,\"wait_ms\":20000}");
            byte[] beat = frame(BEAT, "runner.heartbeat", "{\"running\":[]}");
            line.send(pull);
            line.flush();
            long next = time.nanoTime() + beatNs;
            while (!closing) {
                LockSupport.parkNanos(next - time.nanoTime());
                if (time.nanoTime() - next >= 0) {
                    next += beatNs;
                    line.send(beat);
                    answered(line, pull);
                }
            }
        } catch (IOException | RuntimeException e) {
            if (!closing) {
                beats.failed("an idle runner's connection broke: " + e);
            }
        }
    }

    private void answered(Line line, byte[] pull) throws IOException {
        while (line.next()) {
            if (Scan.find(line.bytes, line.from, line.to, PULLED) >= 0) {
                line.send(pull);
            } else if (Scan.find(line.bytes, line.from, line.to, BEATEN) >= 0) {
                beats.done(1);
                line.flush();
                return;
            } else {
                throw new IOException("it was told: " + line.text());
            }
        }
        throw new IOException("the gateway closed it");
    }

    private Line open(int number) throws IOException {
        opening.acquireUninterruptibly();
        try {
            Line line = site.runnerLine(0, BUFFER_BYTES);
            String answer = line.ask(json(
                    CONNECT,
                    "runner.connect",
                    "{\"name\":\"bench-idle-" + number + "\",\"slots\":1,\"executors\":[\"bench\"]}"));
            byte[] bytes = Scan.ascii(answer);
            int digits = Scan.find(bytes, 0, bytes.length, BEAT_MS) + BEAT_MS.length;
            if (digits < BEAT_MS.length) {
                throw new IOException("it was told: " + answer);
            }
            beatNs = Scan.number(bytes, digits, Scan.digitsEnd(bytes, digits, bytes.length)) * 1_000_000L;
            lines.add(line);
            return line;
        } finally {
            opening.release();
        }
    }

    private static byte[] frame(int id, String method, String params) {
        return Line.frame(json(id, method, params));
    }

    private static String json(int id, String method, String params) {
        return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"method\":\"" + method + "\",\"params\":" + params + "}";
    }

    @Override
    public void close() {
        closing = true;
        for (Line line : lines) {
            try {
                line.close();
            } catch (IOException e) {
                beats.failed("a connection did not close: " + e);
            }
        }
    }
}
