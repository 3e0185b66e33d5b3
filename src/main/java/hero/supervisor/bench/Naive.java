package hero.supervisor.bench;

import hero.supervisor.domain.Time;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/// What a user would write himself instead of using us: a table, an index for what waits, and three statements,
/// each its own transaction, prepared once per connection. Not for several threads; each measurement has its own.
final class Naive {
    /// Of every job, theirs and ours.
    static final String PAYLOAD = "echo supervisor bench";

    /// Connections, as many as a small application has.
    static final int CONNECTIONS = 16;

    private static final String INSERT = "insert into naive_jobs (payload) values (?) returning id";
    private static final String CLAIM = """
            update naive_jobs set status = 'running', started_at = now() where id = (
              select id from naive_jobs where status = 'queued' order by id limit 1 for update skip locked)
            returning id, payload""";
    private static final String END =
            "update naive_jobs set status = 'completed', result = ?, completed_at = now() where id = ?";

    private final Sql sql;
    private final Time time;

    Naive(Sql sql, Time time) {
        this.sql = sql;
        this.time = time;
        sql.execute("""
                create table if not exists naive_jobs (
                  id bigint generated always as identity primary key,
                  payload text not null,
                  status text not null default 'queued',
                  result text,
                  created_at timestamptz not null default now(),
                  started_at timestamptz,
                  completed_at timestamptz)""");
        sql.execute("create index if not exists naive_jobs_queued on naive_jobs (id) where status = 'queued'");
    }

    private interface Step {
        void run(Statements on) throws SQLException;
    }

    /// Whole lives of jobs: inserted, claimed, ended.
    List<Worker> lives(Tally tally) {
        fresh();
        return workers(CONNECTIONS, tally, on -> {
            on.insert();
            on.claimAndEnd();
        });
    }

    List<Worker> inserts(Tally tally) {
        fresh();
        return workers(CONNECTIONS, tally, Statements::insert);
    }

    /// One connection, one insert at a time.
    List<Worker> lone(Tally tally) {
        fresh();
        return workers(1, tally, Statements::insert);
    }

    /// How many the table holds of a status, to compare with what was counted.
    long count(String status) {
        return sql.number("select count(*) from naive_jobs where status = '" + status + "'");
    }

    /// At its best: an empty table.
    private void fresh() {
        sql.execute("truncate naive_jobs");
    }

    private List<Worker> workers(int count, Tally tally, Step step) {
        List<Worker> workers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            workers.add(new Worker(tally, step));
        }
        return workers;
    }

    /// One connection in a loop of its own.
    final class Worker implements Stoppable {
        private final Tally tally;
        private final Step step;
        private volatile boolean stopping;

        private Worker(Tally tally, Step step) {
            this.tally = tally;
            this.step = step;
        }

        @Override
        public void stop() {
            stopping = true;
        }

        @Override
        public void run() {
            try (Connection connection = sql.connect();
                    Statements on = new Statements(connection)) {
                while (!stopping) {
                    long begun = time.nanoTime();
                    step.run(on);
                    tally.done(time.nanoTime() - begun);
                }
            } catch (SQLException e) {
                tally.failed("the database refused: " + e.getMessage());
            }
        }
    }

    private static final class Statements implements AutoCloseable {
        private final PreparedStatement insert;
        private final PreparedStatement claim;
        private final PreparedStatement end;

        Statements(Connection connection) throws SQLException {
            insert = connection.prepareStatement(INSERT);
            claim = connection.prepareStatement(CLAIM);
            end = connection.prepareStatement(END);
        }

        void insert() throws SQLException {
            insert.setString(1, PAYLOAD);
            try (ResultSet row = insert.executeQuery()) {
                row.next();
            }
        }

        /// Another worker may have taken what was there: then the claim is repeated, as a poll would.
        void claimAndEnd() throws SQLException {
            while (true) {
                try (ResultSet row = claim.executeQuery()) {
                    if (row.next()) {
                        end.setString(1, "done");
                        end.setLong(2, row.getLong(1));
                        end.executeUpdate();
                        return;
                    }
                }
            }
        }

        @Override
        public void close() throws SQLException {
            insert.close();
            claim.close();
            end.close();
        }
    }
}
