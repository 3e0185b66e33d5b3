package hero.supervisor.cli;

import hero.supervisor.app.Config;
import hero.supervisor.bench.Plan;
import hero.supervisor.bench.Report;
import hero.supervisor.check.CheckSettings;
import hero.supervisor.client.Tree;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Takes down what a command asks for, and answers calls from `answers`.
final class FakeFloors implements Floors {
    /// @param url null for the database
    record Call(@Nullable String url, @Nullable String secret, String method, Map<String, Object> params) {}

    final List<Call> calls = new ArrayList<>();
    final Map<String, BiFunction<String, Map<String, Object>, @Nullable Object>> answers = new LinkedHashMap<>();
    final List<Map<String, @Nullable Object>> reported = new ArrayList<>();
    final List<Object> started = new ArrayList<>();
    /// What a server has told to the end.
    final List<String> said = new ArrayList<>();

    /// Lets `method` answer this.
    FakeFloors answering(String method, @Nullable Object result) {
        answers.put(method, (name, params) -> result);
        return this;
    }

    FakeFloors failing(String method, RuntimeException failure) {
        answers.put(method, (name, params) -> {
            throw failure;
        });
        return this;
    }

    private Way way(@Nullable String url, @Nullable String secret) {
        return new Way() {
            @Override
            public @Nullable Object call(String method, Map<String, Object> params) {
                calls.add(new Call(url, secret, method, params));
                var answer = answers.get(method);
                return answer == null ? null : answer.apply(method, params);
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public Way server(String url, @Nullable String secret) {
        return way(url, secret);
    }

    /// Tells what `method` answers, a list of events.
    @Override
    public void watch(
            String url,
            @Nullable String secret,
            String method,
            Map<String, Object> params,
            Predicate<Map<String, Object>> heard) {
        if (way(url, secret).call(method, params) instanceof List<?> events) {
            for (Object event : events) {
                if (!heard.test(Tree.object(event))) {
                    return;
                }
            }
        }
    }

    @Override
    public Way database(Config config) {
        started.add(config);
        return way(null, null);
    }

    @Override
    public int dev(Config config, Path data, boolean once, Consumer<String> out) {
        started.addAll(List.of(config, data, once));
        return 0;
    }

    @Override
    public int serve(Config config, Consumer<String> out) {
        started.add(config);
        for (String word : List.of("listening", "stopping")) {
            out.accept(word);
            said.add(word);
        }
        return 0;
    }

    @Override
    public int migrate(Config config, Migration what, Consumer<String> out) {
        started.addAll(List.of(config, what));
        return 0;
    }

    @Override
    public List<Map<String, @Nullable Object>> report(Config config, String what, Duration since) {
        started.addAll(List.of(config, what, since));
        return reported;
    }

    @Override
    public long rebuildFigures(Config config) {
        started.add(config);
        return 7;
    }

    @Override
    public void reportLogin(Config config, String password) {
        started.addAll(List.of(config, password));
    }

    @Override
    public int runner(RunnerOptions options, Consumer<String> out) {
        started.add(options);
        return 0;
    }

    @Override
    public int check(CheckSettings settings, Play play, Consumer<String> notes) {
        started.add(settings);
        return Exit.OK;
    }

    @Override
    public void train(Plan plan, Path notes, Consumer<String> progress) {
        started.addAll(List.of(plan, notes));
    }

    @Override
    public Report bench(Plan plan, Consumer<String> progress) {
        started.add(plan);
        return new Report(Map.of("cores", 2), Map.of());
    }
}
