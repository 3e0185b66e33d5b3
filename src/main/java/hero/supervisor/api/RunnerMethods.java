package hero.supervisor.api;

import hero.supervisor.domain.Limits;
import hero.supervisor.domain.RunnerStatus;
import hero.supervisor.engine.RunnerControl;
import hero.supervisor.wire.Bodies;
import hero.supervisor.wire.Body;
import hero.supervisor.wire.RunnerJson;
import java.util.List;

/// The runner control of the seed: names, flow and status.
final class RunnerMethods {
    private final RunnerControl runners;
    private final Limits limits;

    RunnerMethods(RunnerControl runners, Limits limits) {
        this.runners = runners;
        this.limits = limits;
    }

    Body list(Call call) {
        return Bodies.texts(runners.names());
    }

    Body register(Call call) {
        runners.register(
                call.params().name("name", limits.nameChars()),
                call.params().name("queue", limits.nameChars()),
                call.origin());
        return Body.NULL;
    }

    Body remove(Call call) {
        runners.remove(name(call), call.origin());
        return Body.NULL;
    }

    Body start(Call call) {
        runners.start(name(call), call.origin());
        return Body.NULL;
    }

    Body stop(Call call) {
        runners.stop(name(call), call.params().bool("force", false), call.origin());
        return Body.NULL;
    }

    Body status(Call call) {
        return RunnerJson.status(runners.status(name(call)));
    }

    Body statuses(Call call) {
        return Bodies.list(runners.statuses().stream().map(RunnerJson::status).toList());
    }

    Body startAll(Call call) {
        List<String> names = runners.names();
        names.forEach(name -> runners.start(name, call.origin()));
        return pairs(names, "started");
    }

    Body stopAll(Call call) {
        boolean force = call.params().bool("force", false);
        List<String> names = runners.names();
        names.forEach(name -> runners.stop(name, force, call.origin()));
        return pairs(names, "stopped");
    }

    /// The alternative format of the seed: pairs of name and word.
    Body allStates(Call call) {
        List<RunnerStatus> statuses = runners.statuses();
        return Bodies.list(statuses.stream()
                .map(status -> Bodies.texts(List.of(status.runner().name(), status.state())))
                .toList());
    }

    private static Body pairs(List<String> names, String word) {
        return Bodies.list(
                names.stream().map(name -> Bodies.texts(List.of(name, word))).toList());
    }

    private String name(Call call) {
        return call.params().name("actor_id", limits.nameChars());
    }
}
