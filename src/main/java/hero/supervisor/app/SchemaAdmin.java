package hero.supervisor.app;

import hero.supervisor.store.Database;
import hero.supervisor.store.Migrations;
import java.util.List;

/// The database's schema, for `supervisor migrate`. Not for several threads.
public final class SchemaAdmin implements AutoCloseable {
    private final Database database;
    private final Migrations migrations;

    private SchemaAdmin(Database database) {
        this.database = database;
        this.migrations = new Migrations(database);
    }

    /// [CannotStart] when the database cannot be used.
    public static SchemaAdmin open(Config config) {
        try {
            return new SchemaAdmin(Supervisor.connect(config));
        } catch (Database.Unusable e) {
            throw unusable(e);
        }
    }

    /// A line per migration: version, state, description.
    public List<String> info() {
        return migrations.info().stream()
                .map(step -> "%-6s %-10s %s".formatted(step.version(), step.state(), step.description()))
                .toList();
    }

    /// [CannotStart] when the schema is not the one that this version needs.
    public void validate() {
        try {
            migrations.validate();
        } catch (Database.Unusable e) {
            throw unusable(e);
        }
    }

    /// Brings it up to date; tells how many migrations were applied.
    public int up() {
        try {
            return migrations.up();
        } catch (Database.Unusable e) {
            throw unusable(e);
        }
    }

    private static CannotStart unusable(Database.Unusable e) {
        return new CannotStart(CannotStart.Reason.SURROUNDINGS, String.valueOf(e.getMessage()), e);
    }

    @Override
    public void close() {
        database.close();
    }
}
