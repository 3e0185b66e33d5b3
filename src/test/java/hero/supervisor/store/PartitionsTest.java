package hero.supervisor.store;

import static org.junit.jupiter.api.Assertions.assertEquals;

import hero.supervisor.domain.Time;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class PartitionsTest {
    @Test
    void a_week_is_made_ahead_and_what_fell_into_the_default_moves_in() {
        try (Database database = Database.connect(PostgresFixture.freshDatabase(), Duration.ofSeconds(10))) {
            String insert = "insert into job_events (job_id, status, attempt, runner, queue, node)"
                    + " values ('a', 'created', 0, 'r', 'q', 'n')";
            database.query(sql -> sql.execute(insert));
            JobStore.Position head = new JobStore.Position(0, 0);
            EventLog events = new EventLog(database, "a", new QueueHeads(Time.system()));
            JobStore.Events before = events.plain(head, 10);
            assertEquals(1, before.events().size());

            Partitions partitions = new Partitions(database);
            assertEquals(2 * (Partitions.DAYS_AHEAD + 1), partitions.ahead());
            assertEquals(0, partitions.ahead());
            assertEquals(before, events.plain(head, 10));
            database.query(sql -> sql.execute(insert));
            assertEquals(2, events.plain(head, 10).events().size());
            Integer left = database.query(sql ->
                    sql.fetchSingle("select count(*) from job_events_default").get(0, Integer.class));
            assertEquals(0, left.intValue());
        }
    }
}
