package hero.supervisor.bench;

import hero.supervisor.domain.Time;
import java.io.IOException;

/// A client on one WebSocket that keeps a fixed number of calls at work: each answer is followed by the next call.
/// Every call at work has a number of its own, used again after its answer, so that all frames are made
/// beforehand.
final class Caller implements Stoppable {
    private static final byte[] ID = Scan.ascii("\"id\":");

    private final Line line;
    private final byte[] expected;
    private final Tally tally;
    private final Time time;
    private final byte[][] frames;
    private final long[] begun;
    private long left;
    private int atWork;
    private volatile boolean stopping;

    /// `atWork` calls at once, at most `callsMax` in all.
    Caller(Line line, Calls calls, int atWork, long callsMax, Tally tally, Time time) {
        this.line = line;
        this.expected = Scan.ascii(calls.expected());
        this.tally = tally;
        this.time = time;
        this.frames = new byte[atWork][];
        this.begun = new long[atWork];
        this.left = callsMax;
        for (int i = 0; i < atWork; i++) {
            frames[i] = Line.frame(calls.json(i));
        }
    }

    /// No further calls; [#run] returns when those at work are answered.
    @Override
    public void stop() {
        stopping = true;
    }

    @Override
    public void run() {
        try (line) {
            for (int i = 0; i < frames.length; i++) {
                begin(i);
            }
            while (atWork > 0 && line.next()) {
                answered();
            }
            if (atWork > 0 && !tally.hasFailed()) {
                tally.failed("the gateway closed the connection with " + atWork + " calls at work");
            }
            line.bye();
        } catch (IOException e) {
            tally.failed("the connection broke: " + e);
        }
    }

    private void begin(int slot) {
        if (left > 0) {
            left--;
            atWork++;
            begun[slot] = time.nanoTime();
            line.send(frames[slot]);
        }
    }

    private void answered() {
        int at = Scan.find(line.bytes, line.from, line.to, ID) + ID.length;
        int behind = Scan.digitsEnd(line.bytes, at, line.to);
        if (behind == at || !Scan.matches(line.bytes, behind, line.to, expected)) {
            tally.failed("an answer was not what was expected: " + line.text());
            atWork = 0;
            return;
        }
        int slot = Scan.number(line.bytes, at, behind);
        atWork--;
        tally.done(time.nanoTime() - begun[slot]);
        if (!stopping) {
            begin(slot);
        }
    }
}
