package hero.supervisor.store;

import hero.supervisor.domain.Time;
import hero.supervisor.store.Spot.Place;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jooq.impl.DSL;

/// The net under [QueueHeads]: finds jobs that wait where claims do not look any more, such as one whose claim
/// another gateway had to roll back. For one thread.
///
/// It has to step over what the claims do not, so a look that takes long is done rarely. Where many queues are
/// asked for work, it also finds those that have some, in one statement instead of a claim for each.
final class Overlooked {
    private static final int PAUSES = 20;
    /// So few queues are rather claimed from: a claim begins at their heads.
    private static final int FEW = 100;

    private static final String WAITING = """
            select queue from unnest({0}::text[]) as asked(queue)
            where exists (select from job_queue q where q.queue = asked.queue)
            """;

    private static final String SQL = """
            select * from (
              select f.queue, f.priority, (
                select q.seq from job_queue q
                where q.queue = f.queue and q.priority = f.priority and q.seq < f.head order by q.seq limit 1) as seq
              from unnest(?::text[], ?::int[], ?::int8[]) as f(queue, priority, head)) found
            where seq is not null
            """;

    private final Database database;
    private final QueueHeads heads;
    private final Rarely rarely;
    private final Rarely rarelyAsked;

    /// @param database which may take its time
    Overlooked(Database database, QueueHeads heads, Time time) {
        this.database = database;
        this.heads = heads;
        this.rarely = new Rarely(time, PAUSES);
        this.rarelyAsked = new Rarely(time, PAUSES);
    }

    /// The queues in which claims begin further in front now.
    List<String> find() {
        List<Spot> spots = rarely.isDue() ? heads.all() : List.of();
        List<Spot> found = spots.isEmpty() ? List.of() : rarely.run(() -> before(spots));
        found.forEach(heads::returned);
        return found.stream().map(Spot::queue).distinct().toList();
    }

    /// Those of these queues in which jobs may wait; none between two looks.
    List<String> waiting(List<String> queues) {
        if (queues.size() <= FEW) {
            return queues;
        }
        String[] asked = queues.toArray(String[]::new);
        return rarelyAsked.isDue()
                ? rarelyAsked.run(() ->
                        database.query(sql -> sql.fetch(WAITING, DSL.val(asked)).into(String.class)))
                : List.of();
    }

    private List<Spot> before(List<Spot> headsNow) {
        return database.statement(connection -> {
            List<Spot> found = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(SQL)) {
                new Columns<>(statement, headsNow)
                        .text(Spot::queue)
                        .ints(spot -> place(spot).priority())
                        .longs(spot -> place(spot).seq());
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        found.add(Spot.of(JobRow.text(rows, "queue"), rows.getInt("priority"), rows.getLong("seq")));
                    }
                }
            }
            return found;
        });
    }

    private static Place place(Spot spot) {
        return Objects.requireNonNull(spot.place());
    }
}
