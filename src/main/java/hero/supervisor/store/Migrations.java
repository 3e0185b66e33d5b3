package hero.supervisor.store;

import java.util.Arrays;
import java.util.List;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;

/// The schema's versions, kept by Flyway from `db/migration`. Several processes may migrate at once: they take
/// turns.
public final class Migrations {
    private final Flyway flyway;

    public Migrations(Database database) {
        this.flyway = Flyway.configure(Migrations.class.getClassLoader())
                .dataSource(database.source())
                .locations("classpath:db/migration")
                .schemas("public")
                .loggers("slf4j")
                .cleanDisabled(true)
                .connectRetries(0)
                .load();
    }

    /// One line of `supervisor migrate info`.
    ///
    /// @param state Flyway's word: Pending, Success, Failed, Future, …
    public record Step(String version, String description, String state) {}

    /// All versions, oldest first.
    public List<Step> info() {
        return translated(
                () -> Arrays.stream(flyway.info().all()).map(Migrations::step).toList());
    }

    private static Step step(MigrationInfo info) {
        return new Step(
                String.valueOf(info.getVersion()),
                info.getDescription(),
                info.getState().getDisplayName());
    }

    /// Brings the schema to the newest version. Returns how many steps that took.
    public int up() {
        return translated(() -> flyway.migrate().migrationsExecuted);
    }

    /// True when every step that this version knows has been taken; a newer version may have taken further ones.
    public boolean complete() {
        return translated(() -> flyway.info().pending().length == 0);
    }

    /// Throws [Database.Unusable] when the schema is not exactly what this version needs.
    public void validate() {
        translated(() -> {
            flyway.validate();
            return true;
        });
    }

    private interface Action<R> {
        R run();
    }

    private static <R> R translated(Action<R> step) {
        try {
            return step.run();
        } catch (FlywayException e) {
            if (Outage.is(e)) {
                throw Outage.refusal();
            }
            throw new Database.Unusable("the database schema does not fit this version: "
                    + String.valueOf(e.getMessage()).lines().findFirst().orElse("")
                    + " — see 'supervisor migrate info'");
        }
    }
}
