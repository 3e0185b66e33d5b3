package hero.supervisor.cli;

import hero.supervisor.client.Tree;
import hero.supervisor.domain.Scope;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `supervisor job …`: one call of the API per subcommand.
@Command(
        name = "job",
        description = "Run jobs and ask about them.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  supervisor job run -r local -e sh 'echo hello'",
            "  supervisor job run -r local -e python -f report.py --timeout 60 --env MONTH=2026-01",
            "  id=$$(supervisor job create -r local -e sh 'sleep 5; date')",
            "  supervisor job start $$id && supervisor job result $$id",
            "",
            ClientOptions.SERVER_IS,
            ClientOptions.URL_IS,
            ClientOptions.SECRET_IS,
            ClientOptions.DEV_IS,
            "Exit codes: 0 success, 1 the job failed, 2 usage, 3 no connection, no permission or no answer in time."
        })
final class JobCommand {
    private final Shell shell;

    JobCommand(Shell shell) {
        this.shell = shell;
    }

    @Command(
            description = "Run a job and print its result.",
            footerHeading = "%nExamples:%n",
            footer = {
                "  supervisor job run -r local -e sh 'echo hello'",
                "  echo 'print(6 * 7)' | supervisor job run -r local -e python -",
                "  supervisor job run --job job.json --runner other",
                "The output goes to stdout (exit 0), an error to stderr (exit 1). When the connection breaks the job goes on;",
                "'supervisor job result ID' fetches its result."
            })
    int run(@Mixin ClientOptions client, @Mixin JobFields fields) {
        Map<String, Object> job = fields.tree(shell);
        String id = String.valueOf(job.get("id"));
        try (Way way = client.open(shell, Scope.USER);
                Progress progress = Progress.show(shell, "job " + id)) {
            return told(client, way.call("job.run", Map.of("job", job)), progress);
        } catch (Failed e) {
            throw e.exit() == Exit.CONNECTION && e.getCause() != null ? goesOn(e, id) : e;
        }
    }

    private static Failed goesOn(Failed e, String id) {
        return new Failed(
                e.exit(),
                e.getMessage() + "; if the job has reached the server it goes on: supervisor job result " + id,
                e);
    }

    @Command(
            description = "Create a job without starting it, and print its id.",
            footerHeading = "%nExample:%n",
            footer = {
                "  supervisor job create -r local -e sh 'date' --id nightly-1",
                "Creating the same job again with the same --id is safe; another job under that id is refused."
            })
    int create(@Mixin ClientOptions client, @Mixin JobFields fields) {
        Map<String, Object> job = fields.tree(shell);
        try (Way way = client.open(shell, Scope.USER)) {
            Object id = way.call("jobs.create", Map.of("job", job));
            if (client.json) {
                shell.json(id);
            } else {
                shell.line(String.valueOf(id));
            }
            return Exit.OK;
        }
    }

    @Command(description = "Queue a created job; one that is queued or running already stays as it is.")
    int start(@Mixin ClientOptions client, @Parameters(paramLabel = "ID", description = "the job") String id) {
        return done(client, "job.start", id);
    }

    @Command(description = "Tell a job's status and times.")
    int status(@Mixin ClientOptions client, @Parameters(paramLabel = "ID", description = "the job") String id) {
        return show(client, "job.status", id);
    }

    @Command(description = "Tell everything about a job: what was asked, its state, its result, its attempts.")
    int get(@Mixin ClientOptions client, @Parameters(paramLabel = "ID", description = "the job") String id) {
        return show(client, "job.get", id);
    }

    @Command(
            description = "Tell why a job is where it is: in a sentence, or with --json in all its facts.",
            footerHeading = "%nExample:%n",
            footer = "  supervisor job explain nightly-1")
    int explain(@Mixin ClientOptions client, @Parameters(paramLabel = "ID", description = "the job") String id) {
        try (Way way = client.open(shell, Scope.USER)) {
            Object result = way.call("job.explain", Map.of("job_id", id));
            if (client.json || !(result instanceof Map<?, ?> facts)) {
                shell.json(result);
            } else {
                Object expected = facts.get("expected_start");
                shell.line(id + " is " + facts.get("status") + ": " + facts.get("message")
                        + (expected == null ? "" : " (expected to start at " + expected + ")"));
            }
            return Exit.OK;
        }
    }

    @Command(
            description = "Wait until a job has ended, and print its result.",
            footer =
                    "The output goes to stdout (exit 0), an error to stderr (exit 1); exit 3 when --timeout is over first.")
    int result(
            @Mixin ClientOptions client,
            @Parameters(paramLabel = "ID", description = "the job") String id,
            @Option(
                            names = {"-t", "--timeout"},
                            paramLabel = "SECONDS",
                            description = "wait no longer than this")
                    @Nullable
                    Double timeoutS) {
        Map<String, Object> params = new LinkedHashMap<>(Map.of("job_id", id));
        if (timeoutS != null) {
            params.put("timeout", timeoutS);
        }
        try (Way way = client.open(shell, Scope.USER);
                Progress progress = Progress.show(shell, "job " + id)) {
            return told(client, way.call("job.result", params), progress);
        }
    }

    @Command(
            description = "Print what a job has printed: its stdout to stdout, its stderr to stderr.",
            footerHeading = "%nExamples:%n",
            footer = {
                "  supervisor job logs ID -f",
                "  supervisor job logs ID --attempt 1 --stream stderr",
                "With --json one line per piece: {\"job_id\",\"attempt\",\"stream\",\"offset\",\"data\"}."
            })
    int logs(
            @Mixin ClientOptions client,
            @Parameters(paramLabel = "ID", description = "the job") String id,
            @Option(
                            names = {"-f", "--follow"},
                            description = "go on until the job has ended")
                    boolean follow,
            @Option(names = "--attempt", paramLabel = "N", description = "an earlier attempt (default: the last one)")
                    @Nullable
                    Integer attempt,
            @Option(names = "--stream", paramLabel = "S", description = "stdout or stderr only (default: both)")
                    @Nullable
                    String stream) {
        try (Way way = client.open(shell, Scope.USER)) {
            new JobLogs(shell, way, id, stream, client.json).print(attempt, follow);
            return Exit.OK;
        }
    }

    @Command(description = "Stop a job: it ends as failed. One that has ended stays as it is.")
    int stop(@Mixin ClientOptions client, @Parameters(paramLabel = "ID", description = "the job") String id) {
        return done(client, "job.stop", id);
    }

    @Command(description = "Delete a job and its result; a running one is stopped first.")
    int delete(@Mixin ClientOptions client, @Parameters(paramLabel = "ID", description = "the job") String id) {
        return done(client, "job.delete", id);
    }

    @Command(
            description = "List jobs, newest first.",
            footerHeading = "%nExample:%n",
            footer = "  supervisor job list --status failed --runner local --limit 20")
    int list(@Mixin ClientOptions client, @Mixin JobFilter filter) {
        try (Way way = client.open(shell, Scope.USER)) {
            Object jobs = way.call("jobs.list", filter.params());
            if (client.json) {
                shell.json(jobs);
                return Exit.OK;
            }
            List<?> rows = jobs instanceof List<?> list ? list : List.of();
            List<String> columns = List.of("id", "created_at", "runner", "executor", "caller_id", "context_id");
            Plain.table(rows, columns).forEach(shell::line);
            if (rows.size() == filter.limit) {
                shell.note("these are the newest " + filter.limit + "; --limit N shows more");
            }
            return Exit.OK;
        }
    }

    @Command(
            description = "Follow one job to its end, or without ID all jobs that pass the filters.",
            footerHeading = "%nExamples:%n",
            footer = {
                "  supervisor job watch nightly-1",
                "  supervisor job watch nightly-1 --logs",
                "  supervisor job watch --runner local --status failed --json",
                "A broken connection is made again, and nothing is missed. Exit 0 when the job has completed, 1 when it",
                "failed, ran out of time or was deleted; without ID it goes on until Ctrl-C."
            })
    int watch(
            @Mixin ClientOptions client,
            @Mixin WatchFilter filter,
            @Option(
                            names = "--logs",
                            description = "with ID: what the job prints as well; its states go to stderr then")
                    boolean logs,
            @Parameters(paramLabel = "ID", arity = "0..1", description = "the job") @Nullable String id) {
        Map<String, Object> params = filter.params();
        if (id != null && !params.isEmpty()) {
            throw Failed.usage("job watch takes an ID or filters, not both");
        } else if (id == null && logs) {
            throw Failed.usage("--logs needs the ID of a job");
        }
        LogLines lines = new LogLines(shell, client.json);
        AtomicInteger exit = new AtomicInteger(Exit.OK);
        client.watch(
                shell,
                Scope.USER,
                id == null ? "jobs.subscribe" : "job.subscribe",
                id == null ? params : logs ? Map.of("job_id", id, "logs", true) : Map.of("job_id", id),
                event -> {
                    if (event.containsKey("data")) {
                        lines.show(event);
                        return true;
                    }
                    tell(client, event, logs);
                    boolean over = id != null && Boolean.TRUE.equals(event.get("final"));
                    if (over && !"completed".equals(event.get("status"))) {
                        exit.set(Exit.JOB_FAILED);
                    }
                    return !over;
                });
        return exit.get();
    }

    private void tell(ClientOptions client, Map<String, Object> event, boolean aside) {
        if (client.json) {
            shell.json(event);
        } else if (event.get("reason") instanceof String reason) {
            shell.note("events from " + event.get("from") + " to " + event.get("to") + " are missing: " + reason);
        } else {
            String stopping = Boolean.TRUE.equals(event.get("stopping")) ? ", stopping" : "";
            String line = event.get("at") + "  " + event.get("job_id") + "  " + event.get("status") + stopping
                    + "  (attempt " + event.get("attempt") + ", runner " + event.get("runner") + ")";
            if (aside) {
                shell.note(line);
            } else {
                shell.line(line);
            }
        }
    }

    private int done(ClientOptions client, String method, String id) {
        try (Way way = client.open(shell, Scope.USER)) {
            Object result = way.call(method, Map.of("job_id", id));
            if (client.json) {
                shell.json(result);
            }
            return Exit.OK;
        }
    }

    private int show(ClientOptions client, String method, String id) {
        try (Way way = client.open(shell, Scope.USER)) {
            Object result = way.call(method, Map.of("job_id", id));
            if (client.json || !(result instanceof Map<?, ?> object)) {
                shell.json(result);
            } else {
                Plain.object(object).forEach(shell::line);
            }
            return Exit.OK;
        }
    }

    /// A job's result on the stream and with the exit code that suit it.
    private int told(ClientOptions client, @Nullable Object result, Progress progress) {
        progress.close();
        if (!(result instanceof Map<?, ?> map)) {
            throw new Failed(Exit.CONNECTION, "the server answered no job result: " + Tree.json(result));
        }
        boolean success = map.containsKey("success");
        if (client.json) {
            shell.json(map);
        } else if (success) {
            shell.line(String.valueOf(map.get("success")));
        } else {
            shell.note(String.valueOf(map.get("error")));
        }
        return success ? Exit.OK : Exit.JOB_FAILED;
    }
}
