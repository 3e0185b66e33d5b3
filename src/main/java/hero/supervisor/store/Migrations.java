package hero.supervisor.store;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.MigrationState;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.flywaydb.database.postgresql.PostgreSQLConfigurationExtension;
import org.jspecify.annotations.Nullable;

/// The schema's versions, kept by Flyway from `db/migration`. Several processes may migrate at once: they take
/// turns, by a lock of the database session. So a step must not be taken through PgBouncer in transaction mode;
/// when there is none to take, nothing is locked.
///
/// A step that builds an index beside the writers runs in no transaction, and first removes what a broken run of
/// it has left.
public final class Migrations {
    /// Seconds that a step of another process is waited for.
    private static final int TURN_S = 3600;

    /// The number of the newest step, and of steps: there is none with the number 6.
    static final int NEWEST = 19;

    static final int STEPS = 18;

    private static final String HISTORY = "select to_regclass('public.flyway_schema_history') is not null";

    private static final String ALL_TAKEN = """
            select coalesce(bool_and(success), false)
              and count(*) filter (where type = 'SQL' and version ~ '^[0-9]{1,6}$' and version::int between 1 and ?) = ?
            from public.flyway_schema_history
            """;

    private final Database database;
    private final Restored restored;

    public Migrations(Database database) {
        this.database = database;
        this.restored = new Restored(database);
    }

    private Flyway flyway() {
        FluentConfiguration configuration = Flyway.configure(Migrations.class.getClassLoader())
                .dataSource(database.patientSource())
                .locations("classpath:db/migration")
                .schemas("public")
                .loggers("slf4j")
                .cleanDisabled(true)
                .connectRetries(0)
                .lockRetryCount(TURN_S);
        // A lock held by a transaction would be waited for by the index that is built under it.
        configuration
                .getConfigurationExtension(PostgreSQLConfigurationExtension.class)
                .setTransactionalLock(false);
        return configuration.load();
    }

    /// One line of `supervisor migrate info`.
    ///
    /// @param state Flyway's word: Pending, Success, Failed, Future, …
    /// @param takenAt in the time zone of whoever took it, as Flyway keeps it; null before
    public record Step(
            String version,
            String description,
            String state,
            @Nullable LocalDateTime takenAt) {}

    /// All versions, oldest first.
    public List<Step> info() {
        return translated(
                () -> Arrays.stream(flyway().info().all()).map(Migrations::step).toList());
    }

    private static Step step(MigrationInfo info) {
        Date taken = info.getInstalledOn();
        return new Step(
                String.valueOf(info.getVersion()),
                info.getDescription(),
                info.getState().getDisplayName(),
                taken == null
                        ? null
                        : LocalDateTime.ofInstant(taken.toInstant(), ZoneId.systemDefault())
                                .truncatedTo(ChronoUnit.SECONDS));
    }

    /// Brings the schema to the newest version, and a log that was restored from another server to this one's
    /// numbers. Returns how many steps that took.
    public int up() {
        int steps = areAllTaken() ? 0 : stepped();
        restored.adopt();
        return steps;
    }

    /// What Flyway would say, in a tenth of the time that it takes to begin with. False when in doubt.
    private boolean areAllTaken() {
        return database.statement(connection -> {
            try (PreparedStatement history = connection.prepareStatement(HISTORY);
                    PreparedStatement taken = connection.prepareStatement(ALL_TAKEN)) {
                taken.setInt(1, NEWEST);
                taken.setInt(2, STEPS);
                return Database.isTrue(history) && Database.isTrue(taken);
            }
        });
    }

    private int stepped() {
        Flyway flyway = flyway();
        return translated(() -> {
            MigrationInfo[] steps = flyway.info().all();
            if (Arrays.stream(steps).noneMatch(Migrations::open)) {
                return 0;
            }
            if (Arrays.stream(steps).anyMatch(step -> step.getState() == MigrationState.FAILED)) {
                flyway.repair();
            }
            return flyway.migrate().migrationsExecuted;
        });
    }

    private static boolean open(MigrationInfo step) {
        return step.getState() == MigrationState.PENDING || step.getState() == MigrationState.FAILED;
    }

    /// True when every step that this version knows has been taken; a newer version may have taken further ones.
    public boolean complete() {
        return areAllTaken()
                || translated(() -> Arrays.stream(flyway().info().all()).noneMatch(Migrations::open));
    }

    /// Throws [Database.Unusable] when the schema is not exactly what this version needs, or the log another
    /// server's.
    public void validate() {
        translated(() -> {
            Flyway flyway = flyway();
            long missing = Arrays.stream(flyway.info().pending()).count();
            if (missing > 0) {
                throw new Database.Unusable(missing
                        + (missing == 1 ? " step of the schema is" : " steps of the schema are")
                        + " missing; run 'supervisor migrate up'");
            }
            flyway.validate();
            return true;
        });
        if (restored.isForeign()) {
            throw new Database.Unusable("the database was restored from another server's dump, and its event log has"
                    + " that server's numbers; run 'supervisor migrate up' once before gateways start");
        }
    }

    private interface Action<R> {
        R run();
    }

    private <R> R translated(Action<R> step) {
        try {
            return step.run();
        } catch (FlywayException e) {
            if (Outage.is(e)) {
                throw Outage.refusal();
            }
            SQLException refused = Outage.findRefused(e);
            if (refused != null) {
                throw database.refused(refused);
            }
            throw new Database.Unusable("the database schema does not fit this version: "
                    + String.valueOf(e.getMessage()).lines().findFirst().orElse("")
                    + " — see 'supervisor migrate info'");
        }
    }
}
