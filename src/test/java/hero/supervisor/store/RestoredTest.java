package hero.supervisor.store;

import static hero.supervisor.store.JobFixture.get;
import static hero.supervisor.store.JobFixture.job;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Time;
import hero.supervisor.store.JobStore.Event;
import hero.supervisor.store.JobStore.Position;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// A dump that was restored on a server whose transactions have lower numbers.
final class RestoredTest {
    private static final String LATER = "(xid::text::bigint + 1000000000)::text::xid8";

    private static void accept(Database database, String... ids) {
        try (PostgresJobStore store = new PostgresJobStore(database, "one", 100, 100)) {
            for (String id : ids) {
                get(store.create(job(id), false));
            }
        }
    }

    private static long accepted(Database database) {
        new Figures(database).count();
        return database.query(sql -> sql.fetchSingle(
                        "select coalesce(sum(accepted), 0)::bigint from report.throughput where period = 'day'")
                .get(0, Long.class));
    }

    @Test
    void figures_and_streams_go_on_after_a_restore_on_another_server() {
        try (Database database = Database.connect(PostgresFixture.freshDatabase(), Duration.ofSeconds(10))) {
            new Partitions(database).ahead();
            new PostgresRunnerStore(database).register("runner", "queue");
            accept(database, "a", "b");
            assertEquals(2, accepted(database));
            accept(database, "c");
            Migrations migrations = new Migrations(database);
            migrations.validate();
            for (String table : List.of("job_events", "job_figures_cursor", "job_events_floor")) {
                database.query(sql -> sql.execute("update " + table + " set xid = " + LATER));
            }
            Database.Unusable foreign = assertThrows(Database.Unusable.class, migrations::validate);
            assertTrue(String.valueOf(foreign.getMessage()).contains("run 'supervisor migrate up' once"));
            assertEquals(0, migrations.up());
            migrations.validate();
            assertEquals(3, accepted(database), "those that were counted are not counted again");
            accept(database, "d");
            assertEquals(4, accepted(database));
            EventLog log = new EventLog(database, "another", new QueueHeads(Time.system()));
            assertTrue(log.floor().compareTo(log.head()) < 0);
            assertEquals(
                    List.of("a", "b", "c", "d"),
                    log.plain(new Position(0, 0), 10).events().stream()
                            .map(Event::jobId)
                            .toList());
        }
    }
}
