package hero.supervisor.store;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// One statement cannot change a row twice. A batch that names a key again is therefore written in rounds: the
/// first of each key together, then, in a following statement that sees them, the second of each, and so on.
///
/// Each round commits itself (`commitsItself`). An event's place in the log is its transaction's number, which is
/// given at that transaction's first write: a later statement of the same transaction would see what others have
/// committed since, and put its own event before theirs.
final class Rounds {
    interface Round<C, R> {
        /// The n-th answer is for the n-th command; null when it must be written in a later transaction.
        List<? extends @Nullable R> write(List<C> commands) throws SQLException;
    }

    private Rounds() {}

    /// The n-th answer is for the n-th command.
    static <C, R> List<R> of(List<C> commands, Function<C, String> key, Round<C, R> round) throws SQLException {
        List<Integer> open = new ArrayList<>();
        for (int i = 0; i < commands.size(); i++) {
            open.add(i);
        }
        List<R> answers = new ArrayList<>(commands.isEmpty() ? List.of() : Collections.nCopies(commands.size(), null));
        while (!open.isEmpty()) {
            Set<String> keys = new HashSet<>();
            List<Integer> now = new ArrayList<>();
            List<Integer> later = new ArrayList<>();
            for (int i : open) {
                (keys.add(key.apply(commands.get(i))) ? now : later).add(i);
            }
            List<? extends @Nullable R> part =
                    round.write(now.stream().map(commands::get).toList());
            for (int i = 0; i < now.size(); i++) {
                R answer = part.get(i);
                if (answer == null) {
                    later.add(now.get(i));
                } else {
                    answers.set(now.get(i), answer);
                }
            }
            open = later.stream().sorted().toList();
        }
        return answers;
    }
}
