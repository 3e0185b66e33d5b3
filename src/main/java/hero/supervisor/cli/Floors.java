package hero.supervisor.cli;

import hero.supervisor.app.Config;
import hero.supervisor.bench.Plan;
import hero.supervisor.bench.Report;
import hero.supervisor.check.CheckSettings;
import hero.supervisor.check.RunnerCheck;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// All that commands ask of the floors below: one method each. Tests put their own in its place.
interface Floors {

    /// A server that speaks JSON-RPC at `url` (http, https, ws or wss; `/rpc` when it has no path).
    Way server(String url, @Nullable String secret);

    /// Follows a stream of that server over broken connections, until `heard` says false. Blocks. [Failed] with a
    /// sentence and an exit code.
    void watch(
            String url,
            @Nullable String secret,
            String method,
            Map<String, Object> params,
            Predicate<Map<String, Object>> heard);

    /// `secrets.create`, `list`, `revoke`, `rotate` on the database itself; brings an empty schema up to date
    /// first.
    Way database(Config config);

    /// Runs the whole system on this machine until Ctrl-C, or with `once` until the hello job has ended. `config`
    /// has no database yet. Returns the exit code.
    int dev(Config config, Path data, boolean once, Consumer<String> out);

    /// Runs a server until it is told to stop. Returns the exit code.
    int serve(Config config, Consumer<String> out);

    /// One of Flyway's three, told to `out`. Returns the exit code.
    int migrate(Config config, Migration what, Consumer<String> out);

    /// Rows of one of the reports `throughput`, `failures`, `runners`, `queues` and `slow`, columns in order.
    List<Map<String, @Nullable Object>> report(Config config, String what, Duration since);

    /// Counts all figures again that the event log can still give; how many events that were.
    long rebuildFigures(Config config);

    /// Lets the role of the reports log in with this password.
    void reportLogin(Config config, String password);

    /// Runs a runner until it is told to stop. Returns the exit code.
    int runner(RunnerOptions options, Consumer<String> out);

    /// Opens a check of a runner, lets `play` play it, and closes it, also when the process is told to end.
    /// `notes` takes lines for people. Returns the exit code.
    int check(CheckSettings settings, Play play, Consumer<String> notes) throws InterruptedException;

    /// Plays a check and gives the exit code.
    @FunctionalInterface
    interface Play {
        int play(RunnerCheck check) throws InterruptedException;
    }

    /// Measures what the plan names; `progress` is told of each thing that takes a while.
    Report bench(Plan plan, Consumer<String> progress);

    /// Puts load on a server, as long as the plan measures, whose JVM then writes `notes` for quicker starts.
    void train(Plan plan, Path notes, Consumer<String> progress);

    /// What `migrate` can do.
    enum Migration {
        INFO,
        VALIDATE,
        UP
    }
}
