package hero.supervisor.cli;

import hero.supervisor.client.Tree;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/// Pieces of one job's log, in their order, as a terminal or a program wants them.
final class LogLines {
    private final Shell shell;
    private final boolean json;
    private final Map<String, Long> ends = new HashMap<>();
    private long attempt;

    LogLines(Shell shell, boolean json) {
        this.shell = shell;
        this.json = json;
    }

    /// @param piece members `attempt, stream, offset, data`, and with JSON all others as they are
    void show(Map<String, Object> piece) {
        if (json) {
            shell.json(piece);
            return;
        }
        if (Tree.whole(piece, "attempt", 0) != attempt) {
            attempt = Tree.whole(piece, "attempt", 0);
            ends.clear();
        }
        String of = Tree.string(piece, "stream", "stdout");
        String data = Tree.string(piece, "data", "");
        long offset = Tree.whole(piece, "offset", 0);
        long missing = offset - ends.getOrDefault(of, 0L);
        if (missing > 0) {
            shell.note("\n... " + missing + " bytes of " + of + " were not kept ...");
        }
        ends.put(of, offset + data.getBytes(StandardCharsets.UTF_8).length);
        var to = of.equals("stderr") ? shell.err() : shell.out();
        to.print(data);
        to.flush();
    }
}
