package hero.supervisor.app;

import hero.supervisor.domain.Refusal;
import hero.supervisor.engine.Loop;
import hero.supervisor.store.Database;
import hero.supervisor.store.Migrations;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ThreadFactory;

/// Looks once a second whether this gateway can work, so that `/health/ready` answers at once, also when the
/// database hangs.
final class Health implements AutoCloseable {
    private static final Duration EVERY = Duration.ofSeconds(1);

    private final Database database;
    private final Migrations migrations;
    private final Loop loop;
    private volatile String databaseReason = "";
    private volatile String migrationsReason = "";
    private boolean migrated;

    /// Looks for the first time.
    Health(Database database) {
        this.database = database;
        this.migrations = new Migrations(database);
        this.loop = new Loop("health", EVERY, this::look);
        look();
    }

    void start(ThreadFactory threads) {
        loop.start(threads);
    }

    /// Each check with the reason why it is not met; an empty text when it is.
    Map<String, String> checks() {
        Map<String, String> checks = new LinkedHashMap<>();
        checks.put("database", databaseReason);
        checks.put("migrations", migrationsReason);
        return checks;
    }

    private void look() {
        databaseReason = database.reachable() ? "" : "the database cannot be reached";
        if (!migrated && databaseReason.isEmpty()) {
            // Steps are never taken back: once complete, always complete.
            migrated = isMigrated();
            migrationsReason = migrated ? "" : "the schema lacks migrations; run 'supervisor migrate up'";
        }
    }

    private boolean isMigrated() {
        try {
            return migrations.complete();
        } catch (Refusal | Database.Unusable e) {
            return false;
        }
    }

    @Override
    public void close() {
        loop.close();
    }
}
