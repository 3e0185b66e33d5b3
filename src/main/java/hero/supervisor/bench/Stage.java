package hero.supervisor.bench;

import hero.supervisor.app.EmbeddedDatabase;
import hero.supervisor.domain.Time;
import hero.supervisor.store.Database;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What a run stands on: a PostgreSQL, databases of its own on it, and a temporary folder. All of it is gone after
/// [#close]. Not for several threads.
final class Stage implements AutoCloseable {
    private static final Map<String, String> SETTINGS = Map.of("fsync", "on", "full_page_writes", "on");

    private final Plan plan;
    private final Time time;
    private final Consumer<String> progress;
    private final Path folder;
    private final List<String> databases = new ArrayList<>();
    private final List<Site> sites = new ArrayList<>();
    private @Nullable EmbeddedDatabase embedded;
    private @Nullable Sql server;
    private boolean closed;

    private Stage(Plan plan, Time time, Consumer<String> progress, Path folder) {
        this.plan = plan;
        this.time = time;
        this.progress = progress;
        this.folder = folder;
    }

    /// [Invalid] when PostgreSQL cannot be used, or does not keep what it has acknowledged.
    static Stage open(Plan plan, Time time, Consumer<String> progress) {
        try {
            Stage stage = new Stage(plan, time, progress, Files.createTempDirectory("supervisor-bench"));
            try {
                stage.start();
                return stage;
            } catch (RuntimeException e) {
                stage.close();
                throw e;
            }
        } catch (IOException e) {
            throw new Invalid("there is no temporary folder", e);
        }
    }

    private void start() {
        if (plan.dbUrl().isEmpty()) {
            EmbeddedDatabase own = EmbeddedDatabase.start(folder.resolve("data"), progress);
            embedded = own;
            Database.Settings settings = own.settings();
            server = new Sql(settings.url(), settings.user(), settings.password());
        } else {
            server = new Sql(plan.dbUrl(), plan.dbUser(), plan.dbPassword());
        }
        requireDurable(server());
    }

    private Sql server() {
        Sql started = server;
        if (started == null) {
            throw new IllegalStateException("not started");
        }
        return started;
    }

    private static void requireDurable(Sql sql) {
        SETTINGS.forEach((name, value) -> {
            String found = sql.text("show " + name);
            if (!found.equals(value)) {
                throw new Invalid(name + " is " + found
                        + " on this PostgreSQL; a figure without durability says nothing," + " so set it to " + value);
            }
        });
        String commit = sql.text("show synchronous_commit");
        if (commit.equals("off")) {
            throw new Invalid("synchronous_commit is off for this user or database; set it to on");
        }
    }

    Plan plan() {
        return plan;
    }

    Time time() {
        return time;
    }

    void say(String what) {
        progress.accept(what);
    }

    /// A new database, migrated, with secrets; its gateways start when they are asked for.
    Site site(String name) {
        return site(name, Served.Program.ours(plan.javaOptions()));
    }

    Site site(String name, Served.Program program) {
        String database = "supervisor_bench_" + ProcessHandle.current().pid() + "_" + name;
        server().execute("create database " + database);
        databases.add(database);
        Site site = Site.open(server().database(database), folder, program, time);
        sites.add(site);
        return site;
    }

    /// Ends the gateways of a site and drops its database.
    void remove(Site site) {
        sites.remove(site);
        site.close();
        String database = site.sql().url().replaceAll(".*/([^?]*).*", "$1");
        databases.remove(database);
        server().execute("drop database if exists " + database + " with (force)");
    }

    Meter meter(Site site) {
        return new Meter(time, site.sql(), () -> processes(site));
    }

    private Map<String, List<ProcessHandle>> processes(Site site) {
        Map<String, List<ProcessHandle>> processes = new LinkedHashMap<>();
        processes.put("gateway", site.processes());
        processes.put("generator", List.of(ProcessHandle.current()));
        EmbeddedDatabase own = embedded;
        OptionalLong pid = own == null ? OptionalLong.empty() : own.pid();
        if (pid.isPresent()) {
            processes.put(
                    "postgres",
                    ProcessHandle.of(pid.getAsLong()).stream()
                            .flatMap(ProcessHandle::descendants)
                            .toList());
        }
        return processes;
    }

    /// What PostgreSQL says of itself.
    Map<String, Object> database() {
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("postgresql", server().text("show server_version"));
        for (String name : List.of(
                "fsync", "synchronous_commit", "full_page_writes", "wal_level", "shared_buffers", "max_connections")) {
            told.put(name, server().text("show " + name));
        }
        return told;
    }

    /// May be called again, and by the JVM's end: Ctrl-C leaves nothing behind.
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        sites.reversed().forEach(Site::close);
        EmbeddedDatabase own = embedded;
        if (own != null) {
            own.close();
        } else if (server != null) {
            databases.forEach(name -> server().execute("drop database if exists " + name + " with (force)"));
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            progress.accept("the folder " + folder + " could not be removed: " + e);
        }
    }
}
