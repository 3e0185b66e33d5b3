package hero.supervisor.cli;

import hero.supervisor.domain.Scope;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `supervisor runners …`: the names that jobs can be addressed to, and the flow of jobs to them.
@Command(
        name = "runners",
        description = "List, register and control runners.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  supervisor runners status",
            "  supervisor runners register gpu-1 --queue gpu",
            "  supervisor runners stop gpu-1 --force",
            "",
            ClientOptions.SERVER_IS,
            ClientOptions.URL_IS,
            ClientOptions.SECRET_IS,
            ClientOptions.DEV_IS
        })
final class RunnersCommand {
    private final Shell shell;

    RunnersCommand(Shell shell) {
        this.shell = shell;
    }

    @Command(description = "List the names of all registered runners.")
    int list(@Mixin ClientOptions client) {
        try (Way way = client.open(shell, Scope.USER)) {
            Object names = way.call("list_runners", Map.of());
            if (client.json || !(names instanceof List<?> list)) {
                shell.json(names);
            } else {
                list.forEach(name -> shell.line(String.valueOf(name)));
            }
            return Exit.OK;
        }
    }

    @Command(description = "Tell how one runner is, or all: queue, state, connections, slots, running and queued jobs.")
    int status(
            @Mixin ClientOptions client,
            @Parameters(arity = "0..1", paramLabel = "NAME", description = "one runner only") @Nullable String name) {
        try (Way way = client.open(shell, Scope.USER)) {
            Object status = name == null
                    ? way.call("get_all_runner_status", Map.of())
                    : way.call("get_runner_status", Map.of("actor_id", name));
            if (!client.json && status instanceof List<?> all) {
                Plain.table(all).forEach(shell::line);
            } else if (!client.json && status instanceof Map<?, ?> one) {
                Plain.object(one).forEach(shell::line);
            } else {
                shell.json(status);
            }
            return Exit.OK;
        }
    }

    @Command(description = "Register a name, so that jobs can be addressed to it before a runner connects.")
    int register(
            @Mixin ClientOptions client,
            @Parameters(paramLabel = "NAME", description = "the runner's name") String name,
            @Option(
                            names = {"-q", "--queue"},
                            paramLabel = "QUEUE",
                            description = "the queue it takes jobs from, may be shared; default: its name")
                    @Nullable
                    String queue) {
        String taken = queue == null ? name : queue;
        return done(client, "register_runner", Scope.REGISTER, Map.of("name", name, "queue", taken));
    }

    @Command(description = "Remove a name. Jobs that wait for it stay queued until a runner registers for that queue.")
    int remove(
            @Mixin ClientOptions client,
            @Parameters(paramLabel = "NAME", description = "the runner's name") String name) {
        return done(client, "remove_runner", Scope.ADMIN, Map.of("actor_id", name));
    }

    @Command(description = "Let jobs flow to a runner again.")
    int start(
            @Mixin ClientOptions client,
            @Parameters(paramLabel = "NAME", description = "the runner's name") String name) {
        return done(client, "start_runner", Scope.ADMIN, Map.of("actor_id", name));
    }

    @Command(description = "Give a runner no further jobs; what it runs goes on unless --force.")
    int stop(
            @Mixin ClientOptions client,
            @Parameters(paramLabel = "NAME", description = "the runner's name") String name,
            @Option(names = "--force", description = "also stop what it runs") boolean force) {
        return done(client, "stop_runner", Scope.ADMIN, Map.of("actor_id", name, "force", force));
    }

    private int done(ClientOptions client, String method, Scope scope, Map<String, Object> params) {
        try (Way way = client.open(shell, scope)) {
            Object result = way.call(method, params);
            if (client.json) {
                shell.json(result);
            }
            return Exit.OK;
        }
    }
}
