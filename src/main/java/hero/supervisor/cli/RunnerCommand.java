package hero.supervisor.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `supervisor runner`: the bundled runner.
@Command(
        name = "runner",
        description = "Run a runner: it takes jobs from a server and runs them as processes of this machine.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  SUPERVISOR_SECRET=hsv_reg_… supervisor runner --url http://gateway:3030 --name build-1 --slots 4",
            "  supervisor runner --url http://a:3030 --url http://b:3030 --name gpu-1 --queue gpu --secret-file reg.txt",
            "  supervisor runner --name tools --executor 'ruby=ruby -W0'",
            "",
            "sh, bash, python, node and java are there without --executor when this machine has them. A command gets the",
            "payload as a file, where {} stands or as its last word. SIGTERM or Ctrl-C lets running jobs end and takes no",
            "new ones; a second one ends them.",
            "The secret, of scope register, is --secret-file, else SUPERVISOR_SECRET, else SUPERVISOR_REGISTER_SECRET, else",
            "that of .supervisor/dev.env in this folder."
        })
final class RunnerCommand implements Callable<Integer> {
    private final Shell shell;

    @Option(
            names = "--url",
            paramLabel = "URL",
            description = "a server; several are tried in turn; else SUPERVISOR_URL, else that of dev.env,"
                    + " else http://127.0.0.1:3030")
    List<String> urls = new ArrayList<>();

    @Option(names = "--name", required = true, paramLabel = "NAME", description = "the name that jobs are addressed to")
    String name = "";

    @Option(
            names = {"-q", "--queue"},
            paramLabel = "QUEUE",
            description = "the queue to take jobs from, may be shared with other names; default: the name")
    @Nullable
    String queue;

    @Option(names = "--slots", paramLabel = "N", description = "jobs at once; default: the machine's processors")
    @Nullable
    Integer slots;

    @Option(
            names = "--executor",
            paramLabel = "NAME=COMMAND",
            description = "a further executor, or another command for a built-in one; may be repeated")
    Map<String, String> executors = new LinkedHashMap<>();

    @Option(names = "--secret-file", paramLabel = "FILE", description = "file that holds the secret alone; - for stdin")
    @Nullable
    Path secretFile;

    RunnerCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() {
        int wanted = slots == null ? Runtime.getRuntime().availableProcessors() : slots;
        if (wanted < 1 || wanted > 10_000) {
            throw Failed.usage("--slots is " + wanted + "; it must be 1…10000");
        }
        Map<String, String> dev = DevEnv.read(shell.folder());
        List<String> targets = urls.isEmpty() ? List.of(url(dev)) : urls;
        String secret = secret(targets, dev);
        return shell.floors().runner(new RunnerOptions(targets, secret, name, queue, wanted, executors), shell::say);
    }

    private String url(Map<String, String> dev) {
        return shell.variable("SUPERVISOR_URL").orElse(dev.getOrDefault("SUPERVISOR_URL", ClientOptions.URL_DEFAULT));
    }

    /// The development system's secret goes to no other server.
    private String secret(List<String> targets, Map<String, String> dev) {
        if (secretFile != null) {
            return ClientOptions.secretOf(shell, secretFile);
        }
        for (String variable : List.of("SUPERVISOR_SECRET", "SUPERVISOR_REGISTER_SECRET")) {
            if (shell.variable(variable).isPresent()) {
                return shell.variable(variable).get();
            }
        }
        String devSecret = dev.get("SUPERVISOR_REGISTER_SECRET");
        boolean devOnly = targets.stream()
                .allMatch(url -> url.equals(dev.get("SUPERVISOR_URL")) || url.equals(dev.get("SUPERVISOR_WS_URL")));
        if (devSecret != null && devOnly) {
            return devSecret;
        }
        throw Failed.usage("a runner needs a secret of scope register: set SUPERVISOR_SECRET or name a --secret-file;"
                + " 'supervisor secret create --scope register --name NAME' makes one");
    }
}
