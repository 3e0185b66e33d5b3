package hero.supervisor.bench;

import hero.supervisor.domain.Time;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// A client on one WebSocket that keeps a fixed number of jobs at work: the end of each is followed by the next
/// one. Every job at work has a number of its own, which all calls for it carry and the next job has after it.
abstract class ClosedLoop implements Stoppable {
    private static final byte[] ID = Scan.ascii("\"id\":");

    private final Line line;
    private final Tally tally;
    private final Time time;
    private final long[] begun;
    private long left;
    private int atWork;
    private volatile boolean stopping;

    /// `atWork` jobs at once, at most `jobsMax` in all.
    ClosedLoop(Line line, int atWork, long jobsMax, Tally tally, Time time) {
        this.line = line;
        this.tally = tally;
        this.time = time;
        this.begun = new long[atWork];
        this.left = jobsMax;
    }

    /// The frame of the first call for a job.
    abstract byte[] first(int number);

    /// An answer to a call for a job, which `line` holds from `behind` its number on. The frame of the next call;
    /// null when there is none. [Invalid] when it is not what was expected.
    abstract byte @Nullable [] next(int number, Line line, int behind);

    /// No further jobs; [#run] returns when those at work have ended.
    @Override
    public final void stop() {
        stopping = true;
    }

    @Override
    public final void run() {
        try (line) {
            for (int i = 0; i < begun.length; i++) {
                begin(i);
            }
            while (atWork > 0 && line.next()) {
                answered();
            }
            if (atWork > 0 && !tally.hasFailed()) {
                tally.failed("the gateway closed the connection with " + atWork + " calls at work");
            }
            line.bye();
        } catch (Invalid e) {
            tally.failed(String.valueOf(e.getMessage()));
        } catch (IOException e) {
            tally.failed("the connection broke: " + e);
        }
    }

    private void begin(int number) {
        if (left > 0) {
            left--;
            atWork++;
            begun[number] = time.nanoTime();
            line.send(first(number));
        }
    }

    private void answered() {
        int at = Scan.find(line.bytes, line.from, line.to, ID) + ID.length;
        int behind = Scan.digitsEnd(line.bytes, at, line.to);
        if (behind == at) {
            throw new Invalid("an answer was not what was expected: " + line.text());
        }
        int number = Scan.number(line.bytes, at, behind);
        byte[] next = next(number, line, behind);
        if (next != null) {
            line.send(next);
            return;
        }
        atWork--;
        tally.done(time.nanoTime() - begun[number]);
        if (!stopping) {
            begin(number);
        }
    }
}
