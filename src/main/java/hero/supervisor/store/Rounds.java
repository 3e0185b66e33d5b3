package hero.supervisor.store;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/// One statement cannot change a row twice. A batch that names a key again is therefore written in rounds: the
/// first of each key together, then, in a following statement that sees them, the second of each, and so on.
final class Rounds {
    interface Round<C, R> {
        List<R> write(List<C> commands) throws SQLException;
    }

    private Rounds() {}

    /// True when no key is named twice: one statement does.
    static <C> boolean one(List<C> commands, Function<C, String> key) {
        if (commands.size() == 1) {
            return true;
        }
        Set<String> keys = HashSet.newHashSet(commands.size());
        for (C command : commands) {
            if (!keys.add(key.apply(command))) {
                return false;
            }
        }
        return true;
    }

    /// The n-th answer is for the n-th command.
    static <C, R> List<R> of(List<C> commands, Function<C, String> key, Round<C, R> round) throws SQLException {
        if (one(commands, key)) {
            return commands.isEmpty() ? List.of() : round.write(commands);
        }
        List<Integer> open = new ArrayList<>();
        for (int i = 0; i < commands.size(); i++) {
            open.add(i);
        }
        List<R> answers = new ArrayList<>(Collections.nCopies(commands.size(), null));
        while (!open.isEmpty()) {
            Set<String> keys = new HashSet<>();
            List<Integer> now = new ArrayList<>();
            List<Integer> later = new ArrayList<>();
            for (int i : open) {
                (keys.add(key.apply(commands.get(i))) ? now : later).add(i);
            }
            List<R> part = round.write(now.stream().map(commands::get).toList());
            for (int i = 0; i < now.size(); i++) {
                answers.set(now.get(i), part.get(i));
            }
            open = later;
        }
        return answers;
    }
}
