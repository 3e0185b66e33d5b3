package hero.supervisor.store;

import hero.supervisor.store.RunnerStore.Session;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// A fresh database with the stores of one gateway, `one`, and the runner `runner` of the queue `queue`.
final class StoreFixture implements AutoCloseable {
    final Database.Settings settings;
    final Database database;
    final PostgresRunnerStore runners;
    final PostgresJobStore store;

    /// @param queued writes of a kind that may wait
    StoreFixture(int queued, int batchMax) {
        settings = PostgresFixture.freshDatabase();
        database = Database.connect(settings, Duration.ofSeconds(10));
        new Partitions(database).ahead();
        runners = new PostgresRunnerStore(database);
        runners.register("runner", "queue");
        store = new PostgresJobStore(database, "one", queued, batchMax);
    }

    void open(String session, int slots, Duration lease) {
        runners.openSession(new Session(session, "runner", "one", slots, List.of("python"), Map.of()), false, lease);
    }

    long number(String query) {
        return database.query(sql -> sql.fetchSingle(query).get(0, Long.class));
    }

    @Override
    public void close() {
        store.close();
        runners.close();
        database.close();
    }
}
