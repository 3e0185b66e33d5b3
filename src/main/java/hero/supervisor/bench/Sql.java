package hero.supervisor.bench;

import hero.supervisor.store.Database;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/// Plain JDBC to one database, as a user would have it. Safe for any thread.
///
/// @param url JDBC, without user and password
record Sql(String url, String user, String password) {

    Connection connect() throws SQLException {
        return DriverManager.getConnection(url, user, password);
    }

    /// For whoever does there, on one connection, what a gateway does.
    Database.Settings settings() {
        return new Database.Settings(url, user, password, 1);
    }

    /// The same server, another database.
    Sql database(String name) {
        return new Sql(url.replaceFirst("(//[^/]*)/[^?]*", "$1/" + name), user, password);
    }

    /// [Invalid] when the database refuses.
    void execute(String statement) {
        try (Connection connection = connect();
                Statement on = connection.createStatement()) {
            on.execute(statement);
        } catch (SQLException e) {
            throw new Invalid("the database refused to " + firstWords(statement), e);
        }
    }

    /// The first column of the first row, as text.
    String text(String query) {
        try (Connection connection = connect();
                Statement on = connection.createStatement();
                ResultSet row = on.executeQuery(query)) {
            if (!row.next()) {
                throw new Invalid("the database has no answer to " + firstWords(query));
            }
            return String.valueOf(row.getString(1));
        } catch (SQLException e) {
            throw new Invalid("the database refused to " + firstWords(query), e);
        }
    }

    long number(String query) {
        return Long.parseLong(text(query));
    }

    private static String firstWords(String statement) {
        return statement.lines().findFirst().orElse("").strip();
    }

    /// Without the password.
    @Override
    public String toString() {
        return "Sql[" + url + "]";
    }
}
