package hero.supervisor.app;

import hero.supervisor.store.Database;
import hero.supervisor.store.Reports;
import hero.supervisor.store.Reports.Question;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The reports of a database, for `supervisor report`. Changes nothing but in [#rebuild] and [#login]. Not for
/// several threads.
public final class ReportAdmin implements AutoCloseable {
    private final Database database;
    private final Reports reports;

    private ReportAdmin(Database database) {
        this.database = database;
        this.reports = new Reports(database);
    }

    /// [CannotStart] when the database cannot be used.
    public static ReportAdmin open(Config config) {
        try {
            return new ReportAdmin(Supervisor.connect(config));
        } catch (Database.Unusable e) {
            throw unusable(e);
        }
    }

    /// `what` is throughput, failures, runners, queues or slow. Rows with their columns in order.
    public List<Map<String, @Nullable Object>> rows(String what, Duration since) {
        try {
            return reports.rows(Question.valueOf(what.toUpperCase(Locale.ROOT)), since);
        } catch (Database.Unusable e) {
            throw unusable(e);
        }
    }

    /// Counts all figures again that the event log can still give; tells how many events that were.
    public long rebuild() {
        try {
            return reports.rebuild();
        } catch (Database.Unusable e) {
            throw unusable(e);
        }
    }

    /// Lets the role `supervisor_report` log in with this password.
    public void login(String password) {
        try {
            reports.login(password);
        } catch (Database.Unusable e) {
            throw unusable(e);
        }
    }

    private static CannotStart unusable(Database.Unusable e) {
        return new CannotStart(CannotStart.Reason.SURROUNDINGS, String.valueOf(e.getMessage()), e);
    }

    @Override
    public void close() {
        database.close();
    }
}
