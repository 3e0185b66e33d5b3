package hero.supervisor.api;

import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Runner;
import hero.supervisor.domain.RunnerStatus;
import hero.supervisor.engine.Runners;
import hero.supervisor.store.RunnerStore;
import hero.supervisor.wire.Bodies;
import hero.supervisor.wire.Body;
import hero.supervisor.wire.RunnerJson;
import java.util.List;

/// The runner control of the seed: names, flow and status.
final class RunnerMethods {
    private final Runners runners;
    private final RunnerStore store;
    private final Limits limits;

    RunnerMethods(Runners runners, RunnerStore store, Limits limits) {
        this.runners = runners;
        this.store = store;
        this.limits = limits;
    }

    Body list(Call call) {
        return Bodies.texts(store.all().stream().map(Runner::name).toList());
    }

    Body register(Call call) {
        runners.register(
                call.params().name("name", limits.nameChars()), call.params().name("queue", limits.nameChars()));
        return Body.NULL;
    }

    Body remove(Call call) {
        runners.remove(name(call));
        return Body.NULL;
    }

    Body start(Call call) {
        runners.start(name(call));
        return Body.NULL;
    }

    Body stop(Call call) {
        runners.stop(name(call), call.params().bool("force", false));
        return Body.NULL;
    }

    Body status(Call call) {
        String name = name(call);
        return RunnerJson.status(store.status(name).orElseThrow(() -> Refusal.runnerNotFound(name)));
    }

    Body statuses(Call call) {
        return Bodies.list(store.statuses().stream().map(RunnerJson::status).toList());
    }

    Body startAll(Call call) {
        List<String> names = store.all().stream().map(Runner::name).toList();
        names.forEach(runners::start);
        return pairs(names, "started");
    }

    Body stopAll(Call call) {
        boolean force = call.params().bool("force", false);
        List<String> names = store.all().stream().map(Runner::name).toList();
        names.forEach(name -> runners.stop(name, force));
        return pairs(names, "stopped");
    }

    /// The alternative format of the seed: pairs of name and word.
    Body allStates(Call call) {
        List<RunnerStatus> statuses = store.statuses();
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
