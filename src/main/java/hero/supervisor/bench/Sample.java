package hero.supervisor.bench;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;

/// What one gateway and its database hold at one moment of a long run.
///
/// @param atS seconds since the load began
/// @param connections of the gateway to the database
/// @param tableBytes with indexes, partitions under their parent's name; all without a name here is `rest`
/// @param jobs rows of `jobs`
/// @param ended jobs whose end was told to callers so far
record Sample(double atS, Memory memory, long connections, Map<String, Long> tableBytes, long jobs, long ended) {
    private static final double MB = 1 << 20;

    /// The log of transitions is kept by whole days: within one it only grows, by so much for each job.
    private static final String LOG = "job_events";

    private static final Set<String> NAMED = Set.of("jobs", "job_queue", "job_holds", LOG);

    private static final String CONNECTIONS = """
            select count(*) from pg_stat_activity
            where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
            """;

    private static final String SIZES = """
            select coalesce(pg_partition_root(c.oid), c.oid)::regclass::text, sum(pg_total_relation_size(c.oid))::bigint
            from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace group by 1 order by 1
            """;

    static Sample of(Site site, double atS, long ended) {
        Memory memory = Memory.of(site.gateway(0).process());
        try (Connection connection = site.sql().connect();
                Statement statement = connection.createStatement()) {
            long connections = number(statement, CONNECTIONS);
            long jobs = number(statement, "select count(*) from jobs");
            return new Sample(atS, memory, connections, sizes(statement), jobs, ended);
        } catch (SQLException e) {
            throw new Invalid("the database does not tell what it holds", e);
        }
    }

    private static long number(Statement statement, String query) throws SQLException {
        try (ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getLong(1);
        }
    }

    private static Map<String, Long> sizes(Statement statement) throws SQLException {
        Map<String, Long> sizes = new LinkedHashMap<>();
        try (ResultSet row = statement.executeQuery(SIZES)) {
            while (row.next()) {
                String table = row.getString(1);
                sizes.merge(NAMED.contains(table) ? table : "rest", row.getLong(2), Long::sum);
            }
        }
        return sizes;
    }

    double heapMb() {
        return memory.heapBytes() / MB;
    }

    /// Of all tables that retention keeps at one size within a day.
    double tablesMb() {
        long all = tableBytes.values().stream().mapToLong(Long::longValue).sum();
        return (all - logBytes()) / MB;
    }

    /// Of the log, for each job that ended so far.
    double logBytesEach() {
        return ended == 0 ? 0 : logBytes() / (double) ended;
    }

    private long logBytes() {
        return tableBytes.getOrDefault(LOG, 0L);
    }

    /// As the report tells it.
    Map<String, Object> details() {
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("at_s", Report.rounded(atS));
        details.put("heap_mb", Report.rounded(heapMb()));
        details.put("rss_mb", Report.rounded(memory.rssBytes() / MB));
        details.put("threads", memory.threads());
        details.put("files", memory.files());
        details.put("connections", connections);
        details.put("jobs", jobs);
        details.put("ended", ended);
        details.put("table_bytes", tableBytes);
        return details;
    }

    /// The median of the last third, held against that of the middle one: the first is warm-up. At least three
    /// samples.
    static Reading steady(String name, String unit, List<Sample> samples, ToDoubleFunction<Sample> what) {
        List<Double> values = samples.stream().map(what::applyAsDouble).toList();
        int third = values.size() / 3;
        double middle = Report.median(values.subList(third, values.size() - third));
        double last = Report.median(values.subList(values.size() - third, values.size()));
        Reading.Against against = new Reading.Against("middle third", middle);
        return new Reading(name, unit, last, against, Reading.Goal.atMost(1.1), Map.of());
    }
}
