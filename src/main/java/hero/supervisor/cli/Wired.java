package hero.supervisor.cli;

import hero.supervisor.app.Config;
import hero.supervisor.app.Dev;
import hero.supervisor.app.LogOutput;
import hero.supervisor.app.ReportAdmin;
import hero.supervisor.app.SchemaAdmin;
import hero.supervisor.app.SecretAdmin;
import hero.supervisor.app.Supervisor;
import hero.supervisor.bench.Bench;
import hero.supervisor.bench.Invalid;
import hero.supervisor.bench.Plan;
import hero.supervisor.bench.Report;
import hero.supervisor.check.CheckSettings;
import hero.supervisor.check.RunnerCheck;
import hero.supervisor.client.ConnectionLost;
import hero.supervisor.client.EventStream;
import hero.supervisor.client.RemoteError;
import hero.supervisor.client.RpcSettings;
import hero.supervisor.domain.Time;
import hero.supervisor.runner.Commands;
import hero.supervisor.runner.Runner;
import hero.supervisor.runner.RunnerSettings;
import hero.supervisor.runner.Termination;
import java.net.URI;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The floors below, as they are.
final class Wired implements Floors {

    @Override
    public Way server(String url, @Nullable String secret) {
        return ServerWay.open(url, secret);
    }

    @Override
    public void watch(
            String url,
            @Nullable String secret,
            String method,
            Map<String, Object> params,
            Predicate<Map<String, Object>> heard) {
        try {
            List<URI> urls = ServerWay.urls(url).stream()
                    .map(one -> webSocket(one.toString()))
                    .toList();
            new EventStream(urls, secret, Time.system(), new SecureRandom()).follow(method, params, heard);
        } catch (IllegalArgumentException e) {
            throw new Failed(Exit.USAGE, e.getMessage() + "; it is '" + url + "'", e);
        } catch (RemoteError e) {
            throw ServerWay.refused(e);
        } catch (ConnectionLost e) {
            throw ServerWay.lost(e);
        }
    }

    @Override
    public Way database(Config config) {
        return new DatabaseWay(SecretAdmin.open(config));
    }

    @Override
    public int dev(Config config, Path data, boolean once, Consumer<String> out) {
        return Dev.run(config, data, once, signalled(), out);
    }

    @Override
    public int serve(Config config, Consumer<String> out) {
        CountDownLatch stop = signalled();
        LogOutput.apply(config);
        try (Supervisor supervisor = Supervisor.start(config)) {
            out.accept("listening at " + supervisor.url() + " as " + config.nodeName());
            stop.await();
            out.accept("stopping");
            return Exit.OK;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Exit.OK;
        }
    }

    /// Released by the first SIGTERM or SIGINT; the second one ends at once.
    private static CountDownLatch signalled() {
        CountDownLatch stop = new CountDownLatch(1);
        Termination.onSignal(stop::countDown, () -> Runtime.getRuntime().halt(130));
        return stop;
    }

    @Override
    public int migrate(Config config, Migration what, Consumer<String> out) {
        try (SchemaAdmin schema = SchemaAdmin.open(config)) {
            switch (what) {
                case INFO -> schema.info().forEach(out);
                case VALIDATE -> {
                    schema.validate();
                    out.accept("the schema is the one that this version needs");
                }
                case UP -> out.accept(schema.up() + " migrations applied; the schema is up to date");
            }
            return Exit.OK;
        }
    }

    @Override
    public List<Map<String, @Nullable Object>> report(Config config, String what, Duration since) {
        try (ReportAdmin reports = ReportAdmin.open(config)) {
            return reports.rows(what, since);
        }
    }

    @Override
    public long rebuildFigures(Config config) {
        try (ReportAdmin reports = ReportAdmin.open(config)) {
            return reports.rebuild();
        }
    }

    @Override
    public void reportLogin(Config config, String password) {
        try (ReportAdmin reports = ReportAdmin.open(config)) {
            reports.login(password);
        }
    }

    @Override
    public int runner(RunnerOptions options, Consumer<String> out) {
        Runner runner = new Runner(settings(options), Time.system(), new SecureRandom(), out);
        Termination.onSignal(runner::drain, runner::close);
        try {
            runner.run();
            return Exit.OK;
        } catch (RemoteError e) {
            throw ServerWay.refused(e);
        } catch (ConnectionLost e) {
            throw ServerWay.lost(e);
        }
    }

    @Override
    public int check(CheckSettings settings, Play play, Consumer<String> notes) throws InterruptedException {
        try (RunnerCheck check = open(settings, notes)) {
            // The runner that was started, if there is one, must not outlive us.
            Termination.onSignal(() -> close(check), () -> Runtime.getRuntime().halt(130));
            return play.play(check);
        } catch (RunnerCheck.NeverConnected e) {
            throw new Failed(Exit.CONNECTION, String.valueOf(e.getMessage()), e);
        }
    }

    private static RunnerCheck open(CheckSettings settings, Consumer<String> notes) {
        try {
            return RunnerCheck.open(settings, Time.system(), new SecureRandom(), notes);
        } catch (IllegalArgumentException e) {
            throw new Failed(Exit.USAGE, String.valueOf(e.getMessage()), e);
        } catch (IllegalStateException e) {
            throw new Failed(Exit.CONNECTION, String.valueOf(e.getMessage()), e);
        }
    }

    private static void close(RunnerCheck check) {
        check.close();
        Runtime.getRuntime().halt(130);
    }

    @Override
    public Report bench(Plan plan, Consumer<String> progress) {
        try {
            return new Bench(plan, Time.system(), progress).run();
        } catch (Invalid e) {
            throw new Failed(Exit.CONNECTION, String.valueOf(e.getMessage()), e);
        }
    }

    @Override
    public void train(Plan plan, Path notes, Consumer<String> progress) {
        try {
            new Bench(plan, Time.system(), progress).train(notes);
        } catch (Invalid e) {
            throw new Failed(Exit.CONNECTION, String.valueOf(e.getMessage()), e);
        }
    }

    /// The executors that this machine has, and above them those that were asked for.
    private static RunnerSettings settings(RunnerOptions options) {
        try {
            String searchPath = System.getenv().getOrDefault("PATH", "");
            Map<String, List<String>> executors = new LinkedHashMap<>(Commands.detect(searchPath));
            options.executors().forEach((name, command) -> {
                Map.Entry<String, List<String>> parsed = Commands.parse(name + "=" + command);
                executors.put(parsed.getKey(), parsed.getValue());
            });
            List<URI> urls = options.urls().stream().map(Wired::webSocket).toList();
            return RunnerSettings.of(urls, options.name(), options.slots(), executors, options.secret())
                    .withQueue(options.queue());
        } catch (IllegalArgumentException e) {
            throw new Failed(Exit.USAGE, String.valueOf(e.getMessage()), e);
        }
    }

    /// Runners need both directions: `http` becomes `ws`.
    private static URI webSocket(String url) {
        return RpcSettings.of(url.strip().replaceFirst("(?i)^http", "ws"), null).url();
    }
}
