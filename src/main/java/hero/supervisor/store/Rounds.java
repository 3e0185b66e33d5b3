package hero.supervisor.store;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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

    /// Says which commands of a key need no round of their own.
    interface Alike<C, R> {
        /// True when `other`, of the same key, would change nothing and be answered like `written` was.
        boolean answers(C written, R answer, C other);
    }

    private Rounds() {}

    /// The n-th answer is for the n-th command.
    static <C, R> List<R> of(List<C> commands, Function<C, String> key, Round<C, R> round) throws SQLException {
        return of(commands, key, round, (_, _, _) -> false);
    }

    /// Who repeats a call a thousand times gets a thousand answers, of one statement.
    static <C, R> List<R> of(List<C> commands, Function<C, String> key, Round<C, R> round, Alike<C, R> alike)
            throws SQLException {
        List<Integer> open = new ArrayList<>();
        for (int i = 0; i < commands.size(); i++) {
            open.add(i);
        }
        List<R> answers = new ArrayList<>(commands.isEmpty() ? List.of() : Collections.nCopies(commands.size(), null));
        while (!open.isEmpty()) {
            Map<String, Integer> firsts = new HashMap<>();
            List<Integer> now = new ArrayList<>();
            List<Integer> later = new ArrayList<>();
            for (int i : open) {
                (firsts.putIfAbsent(key.apply(commands.get(i)), i) == null ? now : later).add(i);
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
            open = later.stream()
                    .filter(i -> {
                        int first = Objects.requireNonNull(firsts.get(key.apply(commands.get(i))));
                        R answer = answers.get(first);
                        if (answer == null || !alike.answers(commands.get(first), answer, commands.get(i))) {
                            return true;
                        }
                        answers.set(i, answer);
                        return false;
                    })
                    .sorted()
                    .toList();
        }
        return answers;
    }
}
