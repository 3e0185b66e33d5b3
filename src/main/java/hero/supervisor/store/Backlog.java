package hero.supervisor.store;

import java.util.List;

/// How much waits in each queue. Reads the narrow table of what waits and one job per queue, never all jobs.
public final class Backlog {
    /// Queues in one answer: those with the most jobs.
    private static final int QUEUES_MAX = 10_000;

    /// The place is kept when a job is handed back, so that the lowest one is the oldest wait.
    private static final String SQL = """
            select q.queue, q.jobs,
              extract(epoch from clock_timestamp() - greatest(j.queued_at, j.start_at))::float8 as oldest_s
            from (
              select queue, count(*) as jobs, (min(array[seq, job_number]))[2] as first
              from job_queue group by queue order by count(*) desc limit %d) q
              left join jobs j on j.number = q.first
            """.formatted(QUEUES_MAX);

    private final Database database;

    public Backlog(Database database) {
        this.database = database;
    }

    /// @param jobs that wait and may be handed out now
    /// @param oldestS since the one that waits longest could have been handed out, in seconds
    public record Depth(String queue, long jobs, double oldestS) {}

    /// The queues in which something waits. Costs as much as there are waiting jobs.
    public List<Depth> read() {
        return database.query(sql -> sql.fetch(SQL).map(row -> {
            Double oldestS = row.get("oldest_s", Double.class);
            return new Depth(
                    row.get("queue", String.class),
                    row.get("jobs", Long.class),
                    oldestS == null ? 0 : Math.max(0, oldestS));
        }));
    }
}
