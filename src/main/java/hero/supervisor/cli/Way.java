package hero.supervisor.cli;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Where a client command sends its calls: a server, or for secrets the database itself.
interface Way extends AutoCloseable {

    /// The result of one call as a plain tree. Blocks until it is there. [Failed] with a sentence and an exit
    /// code when the server refuses or cannot be reached.
    @Nullable
    Object call(String method, Map<String, Object> params);

    @Override
    void close();
}
