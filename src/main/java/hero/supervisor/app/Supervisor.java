package hero.supervisor.app;

import hero.supervisor.api.Methods;
import hero.supervisor.api.Rpc;
import hero.supervisor.api.Timeouts;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Signals;
import hero.supervisor.domain.Time;
import hero.supervisor.domain.Tracing;
import hero.supervisor.engine.Feed;
import hero.supervisor.engine.Ids;
import hero.supervisor.engine.Jobs;
import hero.supervisor.engine.Logs;
import hero.supervisor.engine.Loop;
import hero.supervisor.engine.Results;
import hero.supervisor.engine.Runners;
import hero.supervisor.engine.Secrets;
import hero.supervisor.engine.Settings;
import hero.supervisor.engine.Sweeper;
import hero.supervisor.store.Database;
import hero.supervisor.store.Figures;
import hero.supervisor.store.Migrations;
import hero.supervisor.store.Notifications;
import hero.supervisor.store.OwnEvents;
import hero.supervisor.store.Partitions;
import hero.supervisor.store.PostgresFactStore;
import hero.supervisor.store.PostgresJobStore;
import hero.supervisor.store.PostgresLogStore;
import hero.supervisor.store.PostgresRunnerStore;
import hero.supervisor.store.PostgresSecretStore;
import hero.supervisor.store.Retention;
import hero.supervisor.transport.Gateway;
import hero.supervisor.transport.GatewaySettings;
import hero.supervisor.transport.Metrics;
import hero.supervisor.transport.Probes;
import hero.supervisor.wire.JobReader;
import hero.supervisor.wire.OpenRpcDocument;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One gateway: everything that lives long is made here, started in this order and stopped in the reverse.
/// `close` may be called from another thread and again.
public final class Supervisor implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Supervisor.class);
    private static final Duration PARTITIONS_EVERY = Duration.ofHours(1);
    private static final Duration FIGURES_EVERY = Duration.ofSeconds(2);
    private static final Duration RETENTION_EVERY = Duration.ofMinutes(10);
    private static final Duration CLOSE_SPREAD_MAX = Duration.ofSeconds(2);
    private static final int BATCH_MAX = 1000;
    private static final ThreadFactory THREADS = Thread.ofVirtual().factory();

    /// For who rests some milliseconds after each of hundreds of steps a second: the timer of virtual threads
    /// costs two more threads a wake-up each.
    private static final ThreadFactory SYSTEM_THREADS =
            Thread.ofPlatform().daemon().name("notifications-", 0).factory();

    private final Config config;
    private final Database database;
    private final PostgresJobStore jobStore;
    private final PostgresLogStore logStore;
    private final PostgresRunnerStore runnerStore;
    private final Logs logs;
    private final Jobs jobs;
    private final Runners runners;
    private final Results results;
    private final Secrets secrets;
    private final Sweeper sweeper;
    private final Timeouts timeouts;
    private final Notifications notifications;
    private final Feed feed;
    private final Metrics metrics;
    private final Tracing tracing;
    private final Gauges gauges;
    private final Health health;
    private final Figures figures;
    private final Retention retention;
    private final List<Loop> upkeep;
    private final ExecutorService executor;
    private final Gateway gateway;
    private boolean closed;

    /// Starts a gateway on the database of `config`. [CannotStart] in words for people when that cannot be.
    public static Supervisor start(Config config) {
        config.requireAddress();
        try {
            Database database = open(config);
            try {
                return new Supervisor(config, database).started();
            } catch (RuntimeException e) {
                database.close();
                throw e;
            }
        } catch (Database.Unusable | Refusal e) {
            throw new CannotStart(CannotStart.Reason.SURROUNDINGS, String.valueOf(e.getMessage()), e);
        }
    }

    /// The database of `config`, reachable and with a schema that fits.
    static Database open(Config config) {
        Database database = connect(config);
        try {
            var migrations = new Migrations(database);
            if (config.migrate()) {
                migrations.up();
            } else {
                migrations.validate();
            }
            return database;
        } catch (RuntimeException e) {
            database.close();
            throw e;
        }
    }

    /// The database of `config`, reachable; waits for it for a while.
    static Database connect(Config config) {
        return Database.connect(databaseOf(config), Duration.ofMillis(config.dbWaitMs()));
    }

    private static Database.Settings databaseOf(Config config) {
        return new Database.Settings(config.dbUrl(), config.dbUser(), config.dbPassword(), config.dbPool());
    }

    private Supervisor(Config config, Database database) {
        this.config = config;
        this.database = database;
        Time time = Time.system();
        var random = new SecureRandom();
        Limits limits = limits(config);
        Settings settings = settings(config);
        this.executor = Executors.newThreadPerTaskExecutor(THREADS);
        var ids = new Ids(random, time);
        this.metrics = new Metrics(time, version());
        this.tracing = tracing(config, time);
        this.health = new Health(database);
        this.notifications = new Notifications(database, databaseOf(config), config.nodeName(), time);
        // Events tell this process's life, not only its name: what a last life's statement still does is news.
        String life = config.nodeName() + "/" + reference(random);
        this.jobStore = jobStore(life, database, limits, notifications, metrics, time);
        this.gauges = new Gauges(database, new OwnEvents(database, jobStore, life), metrics, time);
        this.results = new Results(jobStore);
        this.figures = new Figures(database);
        this.retention = new Retention(database, config.keep());
        this.upkeep = upkeep(new Partitions(database), figures, retention);
        this.runnerStore = new PostgresRunnerStore(database);
        this.logStore = new PostgresLogStore(database, limits.logBytes());
        this.logs = new Logs(logStore, limits, time, executor);
        this.runners = new Runners(
                new Runners.Parts(
                        jobStore,
                        runnerStore,
                        results,
                        settings,
                        limits,
                        time,
                        () -> "ses_" + ids.next(),
                        random::nextLong,
                        logs::settled,
                        executor),
                metrics,
                tracing);
        this.jobs = new Jobs(jobStore, new PostgresFactStore(database), results, runners, executor);
        this.secrets = new Secrets(new PostgresSecretStore(database), random, time, this::closeRevoked);
        this.feed = new Feed(jobStore, time, executor, new WireStreams());
        this.sweeper = new Sweeper(jobStore, results, runners, secrets, feed, settings, time);
        OpenRpcDocument document = OpenRpcDocument.load();
        var jobReader = new JobReader(limits, ids::next, time);
        this.timeouts = new Timeouts(time);
        boolean open = config.metrics() == Config.Metrics.OPEN;
        var probes = new Probes(document::bytes, health::checks, metrics::text, open);
        this.gateway = new Gateway(
                listening(config, limits),
                new RpcAnswers(rpc(document, jobReader, settings, limits, time, random)),
                secrets::read,
                probes,
                time);
        watch();
    }

    private Rpc rpc(
            OpenRpcDocument document,
            JobReader jobReader,
            Settings settings,
            Limits limits,
            Time time,
            SecureRandom random) {
        var table = Methods.table(new Methods.Parts(
                document,
                jobs,
                logs,
                runners,
                secrets,
                feed,
                jobReader,
                limits,
                settings.pullWaitMax(),
                LogOutput::set));
        return new Rpc(
                table,
                secrets::check,
                limits,
                executor,
                timeouts,
                time,
                () -> reference(random),
                metrics.calls(),
                tracing);
    }

    private void watch() {
        metrics.counter(
                "hero.log.lines.dropped",
                "Log lines lost because whoever reads standard error was too slow.",
                LogOutput::lost);
        metrics.watch(gateway);
        metrics.gauge("hero.jobs.running", "Jobs in the hands of runners connected here.", runners::running);
        metrics.gauge("hero.job.waiters", "Callers here that wait for a job's end.", results::waiting);
        metrics.gauge("hero.runner.sessions", "Runner sessions on this gateway.", runners::connected);
        metrics.gauge("hero.subscriptions", "Streams that are live on this gateway.", feed::open);
    }

    /// OpenTelemetry is not even loaded when nobody wants traces.
    private static Tracing tracing(Config config, Time time) {
        return config.traceEndpoint().isEmpty()
                ? Tracing.NONE
                : new OtlpTracing(config.traceEndpoint(), config.traceRatio(), config.nodeName(), version(), time);
    }

    /// From the jar's manifest.
    private static String version() {
        String version = Supervisor.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    private static Limits limits(Config config) {
        return Limits.DEFAULT
                .withMessageBytes(config.messageBytes())
                .withTimeouts(config.timeoutDefaultS(), config.timeoutMaxS());
    }

    private static GatewaySettings listening(Config config, Limits limits) {
        return GatewaySettings.of(config.bind(), config.port(), limits)
                .withAccess(
                        Set.copyOf(config.hosts()),
                        Set.copyOf(config.origins()),
                        config.anonymous() == Config.Anonymous.LOCAL);
    }

    private static PostgresJobStore jobStore(
            String life, Database database, Limits limits, Notifications notifications, Signals signals, Time time) {
        return new PostgresJobStore(database, life, limits.storeQueue(), BATCH_MAX, notifications, signals, time);
    }

    private static List<Loop> upkeep(Partitions partitions, Figures figures, Retention retention) {
        partitions.ahead();
        return List.of(
                new Loop("partitions", PARTITIONS_EVERY, partitions::ahead),
                new Loop("figures", FIGURES_EVERY, figures::count),
                new Loop("retention", RETENTION_EVERY, retention::run));
    }

    private static Settings settings(Config config) {
        return new Settings(
                config.nodeName(),
                Duration.ofMillis(config.heartbeatMs()),
                Duration.ofMillis(config.leaseMs()),
                Duration.ofMillis(config.resumeGraceMs()),
                config.redeliveries(),
                Duration.ofMillis(config.stopGraceMs()),
                Duration.ofSeconds(1),
                Duration.ofSeconds(60));
    }

    private static String reference(SecureRandom random) {
        byte[] bytes = new byte[5];
        random.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    private Supervisor started() {
        try {
            gateway.start();
        } catch (IllegalStateException e) {
            executor.close();
            jobStore.close();
            logStore.close();
            runnerStore.close();
            throw new CannotStart(CannotStart.Reason.SURROUNDINGS, String.valueOf(e.getMessage()), e);
        }
        timeouts.start(SYSTEM_THREADS);
        sweeper.start(THREADS);
        notifications.start(SYSTEM_THREADS, sweeper);
        upkeep.forEach(loop -> loop.start(THREADS));
        logs.start(THREADS);
        gauges.start(THREADS);
        health.start(THREADS);
        return this;
    }

    private void closeRevoked(Set<String> secretIds) {
        gateway.closeOf(secretIds);
    }

    public int port() {
        return gateway.port();
    }

    /// Where people and clients reach it, such as `http://127.0.0.1:3030`.
    public String url() {
        String host = config.bind().equals("0.0.0.0") || config.bind().equals("::") ? "127.0.0.1" : config.bind();
        return "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port();
    }

    /// For `dev`, which makes its first secrets and runner name itself.
    Secrets secrets() {
        return secrets;
    }

    /// Streams that are live.
    int streams() {
        return feed.open();
    }

    Runners runners() {
        return runners;
    }

    /// Neither hears other gateways nor tells them any more, as behind a pooler in transaction mode: only polls.
    void deafen() {
        notifications.close();
    }

    /// Callers that wait for a job's end.
    long waiters() {
        return results.waiting();
    }

    /// Calls of any kind that only wait, as the transport counts them.
    int waits() {
        return gateway.waitCount();
    }

    /// Drains, then stops: no new hand-overs, open waits answered with `shutting_down`, sockets closed with 1012,
    /// batches finished.
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        log.atInfo().log("supervisor stops");
        runners.drain();
        jobs.close();
        Duration drain = Duration.ofMillis(config.drainMs());
        try {
            gateway.drain(drain.compareTo(CLOSE_SPREAD_MAX) < 0 ? drain : CLOSE_SPREAD_MAX, drain);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        gateway.close();
        timeouts.close();
        gauges.close();
        health.close();
        figures.close();
        retention.close();
        upkeep.forEach(Loop::close);
        sweeper.close();
        logs.close();
        logStore.close();
        runnerStore.close();
        jobStore.close();
        notifications.close();
        executor.shutdown();
        metrics.close();
        if (tracing instanceof OtlpTracing otlp) {
            otlp.close();
        }
        database.close();
        log.atInfo().log("supervisor stopped");
    }
}
