package hero.supervisor.app;

import hero.supervisor.domain.Refusal;
import hero.supervisor.store.Database;
import hero.supervisor.store.Migrations;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/// The database's schema, for `supervisor migrate`. Not for several threads.
public final class SchemaAdmin implements AutoCloseable {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT);

    private final Database database;
    private final Migrations migrations;

    private SchemaAdmin(Database database) {
        this.database = database;
        this.migrations = new Migrations(database);
    }

    /// [CannotStart] when the database cannot be used.
    public static SchemaAdmin open(Config config) {
        return told(() -> new SchemaAdmin(Supervisor.connect(config)));
    }

    /// A line per migration: version, state, when it was applied, description.
    public List<String> info() {
        return told(() -> migrations.info().stream()
                .map(step -> "%-6s %-10s %-19s %s"
                        .formatted(
                                step.version(),
                                step.state(),
                                step.takenAt() == null ? "-" : TIME.format(step.takenAt()),
                                step.description()))
                .toList());
    }

    /// [CannotStart] when the schema is not the one that this version needs.
    public void validate() {
        told(() -> {
            migrations.validate();
            return true;
        });
    }

    /// Brings it up to date; tells how many migrations were applied.
    public int up() {
        return told(migrations::up);
    }

    private static <R> R told(Supplier<R> step) {
        try {
            return step.get();
        } catch (Database.Unusable | Refusal e) {
            throw new CannotStart(CannotStart.Reason.SURROUNDINGS, String.valueOf(e.getMessage()), e);
        }
    }

    @Override
    public void close() {
        database.close();
    }
}
