package hero.supervisor.bench;

import hero.supervisor.domain.Time;
import java.io.IOException;

/// A client on one WebSocket that brings each job in three calls, `jobs.create`, `job.start` and `job.result`, and
/// keeps a fixed number of jobs at work. All calls for one of them have its number.
final class Steps implements Stoppable {
    private static final byte[] ID = Scan.ascii("\"id\":");
    private static final String ERROR = "\"error\":{";

    private enum Step {
        CREATE,
        START,
        RESULT
    }

    private final Line line;
    private final Calls create;
    private final Tally tally;
    private final Time time;
    private final Step[] steps;
    private final String[] jobs;
    private final long[] begun;
    private int atWork;
    private volatile boolean stopping;

    Steps(Line line, String runner, int atWork, Tally tally, Time time) {
        this.line = line;
        this.create = Calls.create(runner);
        this.tally = tally;
        this.time = time;
        this.steps = new Step[atWork];
        this.jobs = new String[atWork];
        this.begun = new long[atWork];
    }

    /// No further jobs; [#run] returns when those at work have ended.
    @Override
    public void stop() {
        stopping = true;
    }

    @Override
    public void run() {
        try (line) {
            for (int i = 0; i < steps.length; i++) {
                begin(i);
            }
            while (atWork > 0 && line.next()) {
                answered();
            }
            if (atWork > 0 && !tally.hasFailed()) {
                tally.failed("the gateway closed the connection with " + atWork + " jobs at work");
            }
            line.bye();
        } catch (IOException e) {
            tally.failed("the connection broke: " + e);
        }
    }

    private void begin(int slot) {
        atWork++;
        begun[slot] = time.nanoTime();
        steps[slot] = Step.CREATE;
        line.send(Line.frame(create.json(slot)));
    }

    private void answered() {
        int at = Scan.find(line.bytes, line.from, line.to, ID) + ID.length;
        int slot = Scan.number(line.bytes, at, Scan.digitsEnd(line.bytes, at, line.to));
        String answer = line.text();
        if (answer.contains(ERROR)) {
            tally.failed("a call was refused: " + answer);
            atWork = 0;
            return;
        }
        switch (steps[slot]) {
            case CREATE -> {
                jobs[slot] = Calls.created(answer);
                next(slot, Step.START, "job.start");
            }
            case START -> next(slot, Step.RESULT, "job.result");
            case RESULT -> {
                atWork--;
                tally.done(time.nanoTime() - begun[slot]);
                if (!stopping) {
                    begin(slot);
                }
            }
        }
    }

    private void next(int slot, Step step, String method) {
        steps[slot] = step;
        line.send(Line.frame(Calls.ofJob(slot, method, jobs[slot])));
    }
}
