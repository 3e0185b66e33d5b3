package hero.supervisor.store;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Gives a batch to a statement: one array parameter per column, one element per row, in the order of the calls.
final class Columns<T> {
    private final PreparedStatement statement;
    private final List<T> rows;
    private int index;

    Columns(PreparedStatement statement, List<T> rows) {
        this(statement, rows, 0);
    }

    /// @param index how many parameters are set already
    Columns(PreparedStatement statement, List<T> rows, int index) {
        this.statement = statement;
        this.rows = rows;
        this.index = index;
    }

    Columns<T> text(Function<T, @Nullable Object> column) throws SQLException {
        return array("text", column);
    }

    /// @param type PostgreSQL's name of the element type
    Columns<T> array(String type, Function<T, @Nullable Object> column) throws SQLException {
        @Nullable Object[] values = new @Nullable Object[rows.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = column.apply(rows.get(i));
        }
        statement.setArray(++index, statement.getConnection().createArrayOf(type, values));
        return this;
    }

    /// One value for the whole batch.
    Columns<T> all(boolean value) throws SQLException {
        statement.setBoolean(++index, value);
        return this;
    }

    /// Likewise.
    Columns<T> all(String value) throws SQLException {
        statement.setString(++index, value);
        return this;
    }
}
