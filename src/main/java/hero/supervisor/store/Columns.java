package hero.supervisor.store;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/// Gives a batch to a statement: one array parameter per column, one element per row, in the order of the calls.
/// To one [for a single row][Sized] it gives the elements.
final class Columns<T> {
    private final PreparedStatement statement;
    private final List<T> rows;
    private final boolean single;
    private int index;

    /// For a statement of [Sized].
    static <T> Columns<T> sized(PreparedStatement statement, List<T> rows) {
        return new Columns<>(statement, rows, 0, rows.size() == 1);
    }

    Columns(PreparedStatement statement, List<T> rows) {
        this(statement, rows, 0);
    }

    /// @param index how many parameters are set already
    Columns(PreparedStatement statement, List<T> rows, int index) {
        this(statement, rows, index, false);
    }

    private Columns(PreparedStatement statement, List<T> rows, int index, boolean single) {
        this.statement = statement;
        this.rows = rows;
        this.index = index;
        this.single = single;
    }

    Columns<T> text(Function<T, @Nullable String> column) throws SQLException {
        return column("text", Types.VARCHAR, String[]::new, column);
    }

    Columns<T> ints(Function<T, @Nullable Integer> column) throws SQLException {
        return column("int4", Types.INTEGER, Integer[]::new, column);
    }

    Columns<T> longs(Function<T, @Nullable Long> column) throws SQLException {
        return column("int8", Types.BIGINT, Long[]::new, column);
    }

    Columns<T> doubles(Function<T, @Nullable Double> column) throws SQLException {
        return column("float8", Types.DOUBLE, Double[]::new, column);
    }

    Columns<T> booleans(Function<T, @Nullable Boolean> column) throws SQLException {
        return column("bool", Types.BOOLEAN, Boolean[]::new, column);
    }

    /// By the type of the array the driver knows that it can send it binary: as text each element is quoted here
    /// and parsed there.
    ///
    /// @param type PostgreSQL's name of the element type
    /// @param code that of JDBC
    private <E> Columns<T> column(
            String type, int code, IntFunction<@Nullable E[]> make, Function<T, @Nullable E> column)
            throws SQLException {
        if (single) {
            statement.setObject(++index, column.apply(rows.getFirst()), code);
            return this;
        }
        @Nullable E[] values = make.apply(rows.size());
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
