package hero.supervisor.process;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.FreePort;
import hero.supervisor.client.SystemClient;
import hero.supervisor.domain.Time;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `docker-compose.yml`: built, brought up, used, each gateway killed under a caller and a job, brought down;
/// with the commands of the block `sh compose` of `docs/OPERATIONS.md`.
/// Part of `-Pdocker`. Where a proxy opens TLS, the build is told the authorities that this machine itself trusts.
@Tag("docker")
@Timeout(1800)
final class ComposeTest {
    private static final Path AUTHORITIES = Path.of("/usr/local/share/ca-certificates");

    private static final Pattern DOCUMENTED = Pattern.compile("(?s)\n```sh compose\n(.*?)\n```\n");

    private static final String REPORT_PASSWORD = "of-this-test";

    @TempDir
    Path folder;

    private final String project = "supervisor-test-" + ProcessHandle.current().pid();
    private int port;

    private record Ended(int exit, String out, String err) {
        String ok() {
            assertEquals(0, exit, this::toString);
            return out.strip();
        }
    }

    private Ended compose(String... arguments) throws Exception {
        List<String> words = new ArrayList<>(program());
        words.addAll(List.of("-p", project));
        words.addAll(List.of(arguments));
        return run(words);
    }

    /// Compose is a part of Docker, or an older program of its own.
    private List<String> program() throws Exception {
        return run(List.of("docker", "compose", "version")).exit == 0
                ? List.of("docker", "compose")
                : List.of("docker-compose");
    }

    /// Runs the documented line that has these words, and gives what it prints.
    private String documented(String words) throws Exception {
        String block = DOCUMENTED
                .matcher(Files.readString(Path.of("docs/OPERATIONS.md")))
                .results()
                .map(found -> found.group(1))
                .findFirst()
                .orElseThrow();
        List<String> lines =
                block.lines().filter(line -> line.contains(" " + words + " ")).toList();
        assertEquals(1, lines.size(), block);
        // As in a terminal, where there is none; and with the name of this test's system.
        String line = lines.getFirst()
                .replace("docker compose", String.join(" ", program()) + " -p " + project)
                .replace("run --rm", "run --rm -T");
        return run(List.of("sh", "-c", line)).ok();
    }

    private Ended run(List<String> words) throws Exception {
        Path out = Files.createTempFile(folder, "out", "");
        Path err = Files.createTempFile(folder, "err", "");
        var builder = new ProcessBuilder(words)
                .redirectInput(new File("/dev/null"))
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().put("SUPERVISOR_PUBLISH", "127.0.0.1:" + port);
        builder.environment().put("BUILD_CA", authorities());
        builder.environment().put("SUPERVISOR_REPORT_PASSWORD", REPORT_PASSWORD);
        Process process = builder.start();
        try {
            assertTrue(process.waitFor(20, TimeUnit.MINUTES), words::toString);
        } finally {
            process.destroyForcibly();
        }
        return new Ended(process.exitValue(), Files.readString(out), Files.readString(err));
    }

    private static String authorities() throws IOException {
        if (!Files.isDirectory(AUTHORITIES)) {
            return "";
        }
        var all = new StringBuilder();
        try (var files = Files.newDirectoryStream(AUTHORITIES, "*.crt")) {
            for (Path file : files) {
                all.append(Files.readString(file)).append('\n');
            }
        }
        return all.toString();
    }

    private Ended cli(String... arguments) throws Exception {
        List<String> words = new ArrayList<>(List.of("run", "--rm", "-T", "cli"));
        words.addAll(List.of(arguments));
        return compose(words.toArray(String[]::new));
    }

    /// As Grafana logs in: with the role and the password that `setup` has given it.
    private Ended report(String... arguments) throws Exception {
        List<String> words = new ArrayList<>(List.of("run", "--rm", "-T", "--entrypoint", "supervisor"));
        words.addAll(List.of("-e", "SUPERVISOR_DB_USER=supervisor_report"));
        words.addAll(List.of("-e", "SUPERVISOR_DB_PASSWORD=" + REPORT_PASSWORD, "setup", "report"));
        words.addAll(List.of(arguments));
        return compose(words.toArray(String[]::new));
    }

    private Ended job(String script) throws Exception {
        return cli("job", "run", "--runner", "local", "--executor", "sh", script);
    }

    private CompletableFuture<Ended> jobBeside(String script) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return job(script);
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                },
                Thread::startVirtualThread);
    }

    @Test
    void it_runs_jobs_while_one_gateway_after_the_other_is_killed() throws Exception {
        port = FreePort.find();
        try {
            documented("up");
            assertTrue(documented("job run").startsWith("hello from "));
            String secret = documented("secret create").lines().toList().getLast();
            for (String gateway : List.of("gateway-1", "gateway-2")) {
                killed(gateway, secret);
                // Back, and asked by the balancer again.
                compose("up", "-d").ok();
                assertEquals("hello", job("echo hello").ok());
            }
            assertTrue(report("throughput", "--since", "1h", "--csv").ok().contains(",wait_p50_s,"));
        } finally {
            documented("down");
        }
        List<String> left = List.of("docker", "ps", "-aq", "--filter", "label=com.docker.compose.project=" + project);
        assertEquals("", run(left).ok());
    }

    /// Longer than a gateway's kill and another's job take together, and far below what gives a call up.
    private static String script(String gateway) {
        return "touch /tmp/mark-" + gateway + "-$$; sleep 30; echo survived";
    }

    private void killed(String gateway, String secret) throws Exception {
        URI url = URI.create("ws://127.0.0.1:" + port + "/rpc");
        try (var outside = new SystemClient(List.of(url), secret, Time.system(), new Random(1))) {
            CompletableFuture<Ended> inside = jobBeside(script(gateway));
            CompletableFuture<Object> socket = CompletableFuture.supplyAsync(
                    () -> String.valueOf(outside.call(
                            "job.run",
                            Map.of(
                                    "job",
                                    Map.of(
                                            "id", "before-" + gateway,
                                            "caller_id", "compose",
                                            "context_id", "test",
                                            "runner", "local",
                                            "executor", "sh",
                                            "payload", script(gateway))))),
                    Thread::startVirtualThread);
            // Both are at work: their marks are in the runner's folder for temporary files.
            await().atMost(60, TimeUnit.SECONDS).until(() -> {
                assertFalse(inside.isDone() || socket.isDone(), () -> "too early: " + inside + ", " + socket);
                return compose("exec", "-T", "runner", "sh", "-c", "ls /tmp/mark-" + gateway + "-*")
                                .out
                                .lines()
                                .count()
                        == 2;
            });
            compose("kill", gateway).ok();
            assertEquals("after", job("echo after").ok());
            assertEquals("survived", inside.get(5, TimeUnit.MINUTES).ok());
            assertTrue(socket.get(5, TimeUnit.MINUTES).toString().contains("survived"));
        }
    }
}
