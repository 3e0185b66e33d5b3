package hero.supervisor.store;

import hero.supervisor.domain.Assignment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What gateways say to each other about a runner that one of them lends to another: that one
/// fills the runner's open pulls then, with jobs that it writes as running for the runner's
/// session. A line of a [Notice], its parts between tabs:
///
/// ```
/// TAB l TAB to TAB loan TAB session TAB runner TAB queue              [Lent]
/// TAB p TAB to TAB loan TAB pull TAB places                           [Pulled]
/// TAB w TAB to TAB loan TAB pull TAB places                           [Widened]
/// TAB x TAB to TAB loan TAB pull                                      [Withdrawn]
/// TAB r TAB to TAB loan                                               [Recalled]
/// TAB g TAB to TAB loan TAB pull TAB more TAB (job TAB attempt TAB lease TAB)*
///                                                                     [Filled], more 1 or 0
/// TAB d TAB to TAB loan                                               [Doubted]
/// TAB b TAB to TAB loan                                               [Returned]
/// ```
///
/// As with all that is notified, nothing hangs on its arrival but time.
public sealed interface Lending {
    /// The gateway that it is for.
    String to();

    /// Unique for ever.
    String loan();

    /// The pulls of this session are the other gateway's to fill, with jobs of its queue.
    record Lent(String to, String loan, String session, String runner, String queue) implements Lending {}

    /// It has an open pull, which takes up to so many jobs.
    record Pulled(String to, String loan, long pull, int places) implements Lending {}

    /// It takes so many by now, as slots have become free. Nothing when it is filled already.
    record Widened(String to, String loan, long pull, int places) implements Lending {}

    /// That one is not open any more.
    record Withdrawn(String to, String loan, long pull) implements Lending {}

    /// The loan is wanted back.
    record Recalled(String to, String loan) implements Lending {}

    /// These jobs are written as running for the session, and answer the pull.
    ///
    /// @param more the next word brings further jobs for it
    record Filled(String to, String loan, long pull, boolean more, List<Assignment.Key> jobs) implements Lending {
        private static final int HEAD = 6;
        private static final int EACH = 3;

        /// What its jobs may take in a line, in bytes: PostgreSQL notifies of less than 8000.
        private static final int BYTES_MAX = 6000;

        /// In as many as are needed for so many jobs.
        public static List<Filled> of(String to, String loan, long pull, List<Assignment.Key> jobs) {
            List<Filled> all = new ArrayList<>();
            List<Assignment.Key> some = new ArrayList<>();
            int bytes = 0;
            for (Assignment.Key job : jobs) {
                // A character that is more than three bytes is two here; numbers, signs and tabs.
                int each = EACH * job.jobId().length() + 34;
                if (bytes + each > BYTES_MAX) {
                    all.add(new Filled(to, loan, pull, true, List.copyOf(some)));
                    some.clear();
                    bytes = 0;
                }
                bytes += each;
                some.add(job);
            }
            all.add(new Filled(to, loan, pull, false, List.copyOf(some)));
            return all;
        }

        private List<String> parts() {
            List<String> parts = new ArrayList<>(List.of("", "g", to, loan, Long.toString(pull), more ? "1" : "0"));
            for (Assignment.Key job : jobs) {
                parts.add(job.jobId());
                parts.add(Integer.toString(job.attempt()));
                parts.add(Long.toString(job.lease()));
            }
            return parts;
        }

        private static @Nullable Filled of(String[] parts) {
            if (parts.length < HEAD || (parts.length - HEAD) % EACH != 0) {
                return null;
            }
            List<Assignment.Key> jobs = new ArrayList<>();
            for (int i = HEAD; i < parts.length; i += EACH) {
                jobs.add(new Assignment.Key(parts[i], Integer.parseInt(parts[i + 1]), Long.parseLong(parts[i + 2])));
            }
            return new Filled(parts[2], parts[3], Long.parseLong(parts[4]), parts[5].equals("1"), jobs);
        }
    }

    /// More may be written for the session than is said.
    record Doubted(String to, String loan) implements Lending {}

    /// The loan is over.
    record Returned(String to, String loan) implements Lending {}

    /// This as a line; null when a name in it would not stay one part.
    default @Nullable String line() {
        List<String> parts = switch (this) {
            case Lent(var to, var loan, var session, var runner, var queue) ->
                List.of("", "l", to, loan, session, runner, queue);
            case Pulled(var to, var loan, long pull, int places) ->
                List.of("", "p", to, loan, Long.toString(pull), Integer.toString(places));
            case Widened(var to, var loan, long pull, int places) ->
                List.of("", "w", to, loan, Long.toString(pull), Integer.toString(places));
            case Withdrawn(var to, var loan, long pull) -> List.of("", "x", to, loan, Long.toString(pull));
            case Recalled(var to, var loan) -> List.of("", "r", to, loan);
            case Filled filled -> filled.parts();
            case Doubted(var to, var loan) -> List.of("", "d", to, loan);
            case Returned(var to, var loan) -> List.of("", "b", to, loan);
        };
        boolean whole = parts.stream().allMatch(part -> part.chars().noneMatch(Character::isISOControl));
        return whole ? String.join("\t", parts) : null;
    }

    /// What a line says; null when it is about something else, or rubbish.
    static @Nullable Lending of(String line) {
        String[] parts = line.split("\t", -1);
        if (parts.length < 4 || !parts[0].isEmpty()) {
            return null;
        }
        try {
            return switch (parts[1] + parts.length) {
                case "l7" -> new Lent(parts[2], parts[3], parts[4], parts[5], parts[6]);
                case "p6" -> new Pulled(parts[2], parts[3], Long.parseLong(parts[4]), Integer.parseInt(parts[5]));
                case "w6" -> new Widened(parts[2], parts[3], Long.parseLong(parts[4]), Integer.parseInt(parts[5]));
                case "x5" -> new Withdrawn(parts[2], parts[3], Long.parseLong(parts[4]));
                case "r4" -> new Recalled(parts[2], parts[3]);
                case "d4" -> new Doubted(parts[2], parts[3]);
                case "b4" -> new Returned(parts[2], parts[3]);
                default -> parts[1].equals("g") ? Filled.of(parts) : null;
            };
        } catch (NumberFormatException e) {
            return null;
        }
    }
}
