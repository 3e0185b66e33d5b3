package hero.supervisor.runner;

import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.Trace;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ThreadFactory;

/// Makes jobs into processes. Each job gets a folder of its own, a process group of its own and an environment of
/// its own; nothing of the runner's environment reaches it but `PATH`, `HOME` and `LANG`. Safe for any thread.
final class ProcessExecutor {
    private final RunnerSettings settings;
    private final ThreadFactory readers;
    private final List<String> launcher;

    /// Outputs are read by platform threads, since reading a pipe blocks its carrier.
    ProcessExecutor(RunnerSettings settings) {
        this(settings, Thread.ofPlatform().daemon().factory());
    }

    /// @param readers makes the two threads that read a job's outputs
    ProcessExecutor(RunnerSettings settings, ThreadFactory readers) {
        this.settings = settings;
        this.readers = readers;
        this.launcher = ProcessGroup.launcher(settings.searchPath());
    }

    /// An execution, not yet begun: [Execution#run()] does it all.
    Execution prepare(Task task) {
        return prepare(task, JobLog.none());
    }

    /// The same, with its output streamed.
    Execution prepare(Task task, JobLog jobLog) {
        return new Execution(this, task, jobLog);
    }

    RunnerSettings settings() {
        return settings;
    }

    ThreadFactory readers() {
        return readers;
    }

    /// The command of an executor; a result in words when this runner has none.
    sealed interface Found {
        record Command(List<String> words) implements Found {}

        record Missing(JobResult.Failure result) implements Found {}
    }

    Found find(String executor) {
        List<String> command = settings.executors().get(executor);
        if (command == null) {
            return new Found.Missing(new JobResult.Failure(
                    "executor '" + executor + "' is not there on runner '" + settings.name() + "'; it has "
                            + (settings.executors().isEmpty()
                                    ? "none"
                                    : String.join(
                                            ", ",
                                            new TreeSet<>(settings.executors().keySet()))),
                    null));
        }
        return Commands.find(command.getFirst(), settings.searchPath())
                .<Found>map(program -> {
                    List<String> words = new java.util.ArrayList<>(command);
                    words.set(0, program.toString());
                    return new Found.Command(words);
                })
                .orElseGet(() -> new Found.Missing(new JobResult.Failure(
                        "executor '" + executor + "' cannot run on runner '" + settings.name() + "': its program '"
                                + command.getFirst() + "' is not there",
                        null)));
    }

    /// Starts the process. `IOException` or `IllegalArgumentException` say why the system refused.
    ProcessGroup start(Task task, List<String> command, Path file, Path folder) throws java.io.IOException {
        var builder = new ProcessBuilder(Commands.words(command, file))
                .directory(folder.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")));
        Map<String, String> environment = builder.environment();
        environment.clear();
        environment.putAll(environment(task, folder));
        try {
            return ProcessGroup.start(builder, launcher);
        } catch (Error e) {
            // The JDK starts the process first and then a thread to watch it: without one it hands out no process.
            Workplace.endProcesses(folder);
            throw e;
        }
    }

    private Map<String, String> environment(Task task, Path folder) throws java.io.IOException {
        Map<String, String> environment = new LinkedHashMap<>();
        environment.put("PATH", settings.searchPath());
        environment.put("HOME", settings.home());
        environment.put("LANG", "C.UTF-8");
        environment.put("TMPDIR", folder.toString());
        environment.put("SUPERVISOR_JOB_ID", task.key().jobId());
        environment.put("SUPERVISOR_ATTEMPT", Long.toString(task.key().attempt()));
        environment.put(ProgressFile.VARIABLE, ProgressFile.path(folder).toString());
        environment.putAll(PriorProgress.write(task.prior(), folder));
        Trace trace = task.trace();
        if (trace != null) {
            environment.put("TRACEPARENT", trace.parent());
            if (!trace.state().isEmpty()) {
                environment.put("TRACESTATE", trace.state());
            }
        }
        environment.putAll(task.envVars());
        // Last: by it the processes are found again when the runner was killed.
        environment.put(Workplace.FOLDER_VARIABLE, folder.toAbsolutePath().toString());
        return environment;
    }
}
