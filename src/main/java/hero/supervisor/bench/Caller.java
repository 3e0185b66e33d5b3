package hero.supervisor.bench;

import hero.supervisor.domain.Time;
import org.jspecify.annotations.Nullable;

/// Makes one call for each job. All frames are made beforehand.
final class Caller extends ClosedLoop {
    private final byte[] expected;
    private final byte[][] frames;

    /// `atWork` calls at once, at most `callsMax` in all.
    Caller(Line line, Calls calls, int atWork, long callsMax, Tally tally, Time time) {
        super(line, atWork, callsMax, tally, time);
        this.expected = Scan.ascii(calls.expected());
        this.frames = new byte[atWork][];
        for (int i = 0; i < atWork; i++) {
            frames[i] = Line.frame(calls.json(i));
        }
    }

    @Override
    byte[] first(int number) {
        return frames[number];
    }

    @Override
    byte @Nullable [] next(int number, Line line, int behind) {
        if (!Scan.matches(line.bytes, behind, line.to, expected)) {
            throw new Invalid("an answer was not what was expected: " + line.text());
        }
        return null;
    }
}
