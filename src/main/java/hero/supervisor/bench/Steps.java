package hero.supervisor.bench;

import hero.supervisor.domain.Time;
import org.jspecify.annotations.Nullable;

/// Brings each job in three calls: `jobs.create`, `job.start` and `job.result`.
final class Steps extends ClosedLoop {
    private static final String ERROR = "\"error\":{";

    private enum Step {
        CREATE,
        START,
        RESULT
    }

    private final Calls create;
    private final Step[] steps;
    private final String[] jobs;

    Steps(Line line, String runner, int atWork, Tally tally, Time time) {
        super(line, atWork, Long.MAX_VALUE, tally, time);
        this.create = Calls.create(runner);
        this.steps = new Step[atWork];
        this.jobs = new String[atWork];
    }

    @Override
    byte[] first(int number) {
        steps[number] = Step.CREATE;
        return Line.frame(create.json(number));
    }

    @Override
    byte @Nullable [] next(int number, Line line, int behind) {
        String answer = line.text();
        if (answer.contains(ERROR)) {
            throw new Invalid("a call was refused: " + answer);
        }
        return switch (steps[number]) {
            case CREATE -> {
                jobs[number] = Calls.created(answer);
                yield call(number, Step.START, "job.start");
            }
            case START -> call(number, Step.RESULT, "job.result");
            case RESULT -> null;
        };
    }

    private byte[] call(int number, Step step, String method) {
        steps[number] = step;
        return Line.frame(Calls.ofJob(number, method, jobs[number]));
    }
}
