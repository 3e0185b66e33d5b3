package hero.supervisor.check;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Connect;
import hero.supervisor.domain.Hold;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.LogAppend;
import hero.supervisor.domain.Report;
import hero.supervisor.wire.Arguments;
import hero.supervisor.wire.MethodSpec;
import hero.supervisor.wire.OpenRpcDocument;
import hero.supervisor.wire.Params;
import hero.supervisor.wire.RunnerReader;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a runner says, read by the server's own reader: what it refuses, the server would refuse in the same
/// words.
sealed interface Said {
    /// @param secret among the parameters
    record Hello(@Nullable String secret, Connect connect) implements Said {}

    record Login(String secret) implements Said {}

    record Pull(int max, long waitMs) implements Said {}

    record Beat(List<Hold> running) implements Said {}

    record Results(List<Report> reports) implements Said {}

    record Log(LogAppend append) implements Said {}

    record Told(Assignment.Key key) implements Said {}

    record Release(List<Assignment.Key> keys) implements Said {}

    record Drain() implements Said {}

    /// A method that has no part in a runner's life.
    record Other(String method) implements Said {}

    /// Reads calls. Safe for any thread.
    final class Reader {
        private static final long WAIT_MAX_MS = 3_600_000;
        private static final long WAIT_DEFAULT_MS = 30_000;

        private final Map<String, MethodSpec> methods = OpenRpcDocument.load().methods();
        private final Limits limits;
        private final RunnerReader reader;

        Reader(Limits limits) {
            this.limits = limits;
            this.reader = new RunnerReader(limits);
        }

        /// [hero.supervisor.domain.Refusal] as the server would give it.
        Said read(String method, Arguments arguments) {
            MethodSpec spec = methods.get(method);
            if (spec == null || !(method.startsWith("runner.") || method.equals("auth.login"))) {
                return new Other(method);
            }
            Params params = arguments.bind(spec);
            params.requireAll();
            return switch (method) {
                case "auth.login" -> new Login(params.text("secret"));
                case "runner.connect" -> new Hello(params.optionalText("secret"), reader.connect(params));
                case "runner.pull" ->
                    new Pull(
                            (int) params.integer("max", 1, limits.pullJobs()),
                            params.integer("wait_ms", 0, WAIT_MAX_MS, WAIT_DEFAULT_MS));
                case "runner.heartbeat" -> new Beat(reader.holds(params));
                case "runner.result" -> new Results(reader.reports(params));
                case "runner.log" -> new Log(reader.log(params));
                case "runner.progress" -> {
                    reader.progress(params);
                    yield new Told(reader.key(params));
                }
                case "runner.release" -> new Release(reader.keys(params));
                case "runner.drain" -> new Drain();
                default -> new Other(method);
            };
        }
    }
}
