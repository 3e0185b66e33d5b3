package hero.supervisor.bench;

import java.util.List;
import java.util.Set;

/// What is measured, how long, and on which PostgreSQL.
///
/// @param only what is measured, in the order of [Scenario]
/// @param rounds how often each scenario of the rounds is measured, in turn with what it is compared to
/// @param seconds of one measurement
/// @param warmUpSeconds before each, not counted
/// @param heatSeconds of load of each scenario of the rounds before the first of them, not counted
/// @param drainJobs queued jobs of `drain`
/// @param history finished jobs of `growth`
/// @param queued waiting jobs of `growth`
/// @param heldSeconds how long `held-transaction` holds its transaction
/// @param withReports whether that transaction reads the reports again and again
/// @param reportPauseSeconds after each round of them
/// @param sockets idle runners of `sockets`
/// @param waiters blocked calls of `waiters`
/// @param subscribers of `fan-out`
/// @param soakSeconds of `soak`
/// @param soakRate jobs per second of `soak`
/// @param dbUrl JDBC URL of a PostgreSQL on which databases may be created; empty for one of our own
/// @param dbPassword never printed
/// @param javaOptions further options of the gateways' JVMs
/// @param against class path of another build, which the scenarios of the rounds are compared to; empty for SQL
public record Plan(
        Set<Scenario> only,
        int rounds,
        double seconds,
        double warmUpSeconds,
        double heatSeconds,
        int drainJobs,
        int history,
        int queued,
        double heldSeconds,
        boolean withReports,
        double reportPauseSeconds,
        int sockets,
        int waiters,
        int subscribers,
        double soakSeconds,
        int soakRate,
        String dbUrl,
        String dbUser,
        String dbPassword,
        List<String> javaOptions,
        String against) {

    public Plan {
        only = Set.copyOf(only);
        javaOptions = List.copyOf(javaOptions);
    }

    long warmUpNs() {
        return (long) (warmUpSeconds * 1e9);
    }

    long heatNs() {
        return (long) (heatSeconds * 1e9);
    }

    long measureNs() {
        return (long) (seconds * 1e9);
    }

    /// Without the password.
    @Override
    public String toString() {
        return "Plan[" + only + ", rounds=" + rounds + ", seconds=" + seconds + "]";
    }
}
