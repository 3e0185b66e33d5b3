package hero.supervisor.cli;

import hero.supervisor.client.Tree;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The options that make up a job, for `job run` and `job create`. Mixed in by picocli.
final class JobFields {
    @Parameters(arity = "0..1", paramLabel = "PAYLOAD", description = "what the executor runs; - reads it from stdin")
    @Nullable
    String payload;

    @Option(
            names = {"-f", "--file"},
            paramLabel = "FILE",
            description = "read the payload from this file")
    @Nullable
    Path file;

    @Option(
            names = "--job",
            paramLabel = "FILE",
            description = "a whole job as JSON, - for stdin; other options replace its fields")
    @Nullable
    Path job;

    @Option(
            names = {"-r", "--runner"},
            paramLabel = "NAME",
            description = "the runner to run on; 'supervisor runners list' tells the names")
    @Nullable
    String runner;

    @Option(
            names = {"-e", "--executor"},
            paramLabel = "NAME",
            description = "what runs the payload, such as sh or python")
    @Nullable
    String executor;

    @Option(
            names = {"-t", "--timeout"},
            paramLabel = "SECONDS",
            description = "ends the job after so long; else the server's default")
    @Nullable
    Double timeoutS;

    @Option(names = "--env", paramLabel = "NAME=VALUE", description = "a variable for the job; may be repeated")
    Map<String, String> env = new LinkedHashMap<>();

    @Option(names = "--caller", paramLabel = "ID", description = "who asks; default: cli")
    @Nullable
    String caller;

    @Option(names = "--context", paramLabel = "ID", description = "what it belongs to; default: cli")
    @Nullable
    String context;

    @Option(names = "--id", paramLabel = "ID", description = "the job's id; default: a new one")
    @Nullable
    String id;

    /// The job as it is sent, always with an id. [Failed] names the option that is missing.
    Map<String, Object> tree(Shell shell) {
        Map<String, Object> tree = base(shell);
        put(tree, "id", id);
        put(tree, "runner", runner);
        put(tree, "executor", executor);
        put(tree, "timeout", timeoutS);
        put(tree, "caller_id", caller);
        put(tree, "context_id", context);
        put(tree, "payload", payloadText(shell));
        if (!env.isEmpty()) {
            tree.put("env_vars", env);
        }
        tree.putIfAbsent("id", JobIds.next(shell.time(), new SecureRandom()));
        tree.putIfAbsent("caller_id", "cli");
        tree.putIfAbsent("context_id", "cli");
        require(tree, "runner", "name the runner with --runner; 'supervisor runners list' tells the names");
        if (!tree.containsKey("job_type")) {
            require(tree, "executor", "name the executor with --executor, such as sh or python");
        }
        require(tree, "payload", "give the payload as the last argument, with --file, or - to read it from stdin");
        return tree;
    }

    private Map<String, Object> base(Shell shell) {
        Map<String, Object> tree = new LinkedHashMap<>();
        if (job == null) {
            return tree;
        }
        try {
            if (Tree.parse(shell.read(job)) instanceof Map<?, ?> object) {
                object.forEach((key, value) -> put(tree, String.valueOf(key), value));
                return tree;
            }
        } catch (IllegalArgumentException e) {
            throw new Failed(Exit.USAGE, "the job file " + job + " is " + e.getMessage(), e);
        }
        throw Failed.usage("the job file " + job + " must hold one JSON object, the job");
    }

    private @Nullable String payloadText(Shell shell) {
        if (payload != null && file != null) {
            throw Failed.usage("the payload is given twice, as an argument and with --file; keep one of them");
        }
        if (file != null) {
            return shell.read(file);
        }
        return "-".equals(payload) ? shell.read(Path.of("-")) : payload;
    }

    private static void put(Map<String, Object> tree, String key, @Nullable Object value) {
        if (value != null) {
            tree.put(key, value);
        }
    }

    private static void require(Map<String, Object> tree, String key, String sentence) {
        if (!tree.containsKey(key)) {
            throw Failed.usage(sentence);
        }
    }
}
