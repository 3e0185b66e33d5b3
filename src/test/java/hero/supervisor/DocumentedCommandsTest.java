package hero.supervisor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// Every command in the documents is run by a test or by a script in the tree: the words behind the opening of its
/// block say by which. The others stand here with the reason.
final class DocumentedCommandsTest {
    private static final Path CHECK = Path.of("docs/operations-check");
    private static final Path REPORTS = Path.of("src/test/java/hero/supervisor/store/ReportDocsTest.java");

    /// What runs the blocks that are opened so.
    private static final Map<String, Path> RUN_BY = Map.of(
            "sh check", CHECK,
            "sh dev", CHECK,
            "sh session", CHECK,
            "yaml config", CHECK,
            "js runner", CHECK,
            "sql setup", CHECK,
            "sql login", REPORTS,
            "sql tenant", REPORTS,
            "sh compose", Path.of("src/test/java/hero/supervisor/process/ComposeTest.java"),
            "sh systemd", Path.of("docs/measure/systemd"));

    /// Why the other blocks with commands are run by nothing, by their first line without its comment.
    private static final Map<String, String> NOT_RUN = Map.of(
            "./supervisor dev",
            "DevProcessTest and operations-check run `dev`; `mvn verify` is what runs this test",
            "export SUPERVISOR_DB_URL=jdbc:postgresql://db.example:5432/supervisor SUPERVISOR_DB_USER=supervisor"
                    + " SUPERVISOR_DB_PASSWORD=…",
            "machines of the reader; OPERATIONS.md, From zero, has the same commands for one machine, and they are run",
            "export SUPERVISOR_REPORT_PASSWORD=… GRAFANA_ADMIN_PASSWORD=…",
            "needs Grafana's image, and passwords of the reader",
            "supervisor runner-check -- python3 my_runner.py",
            "the runner is the reader's; RunnerCheckTest plays all cases with runners of ours",
            "mvn test -Pcampaign -Dtest=RollingRestartProcessTest",
            "hours of campaigns; RELIABILITY.md says when they were run last, and what came of it",
            "mvn test -Dtest=SeedsTest",
            "likewise",
            "mvn test -Dtest=CampaignTest",
            "likewise",
            "./supervisor bench",
            "BenchTest runs each scenario briefly; PERFORMANCE.md has the figures of whole runs");

    private static final Pattern BLOCK = Pattern.compile("(?ms)^```([^\n`]*)\n(.*?)^```$");
    private static final Pattern COMMAND = Pattern.compile(
            "(\\$ )?([A-Z_]+=\\S* )*(\\./|(supervisor|mvn|docker|docker-compose|"
                    + "curl|psql|pg_\\w+|createdb|kill|systemctl|install|node|python3?|java|export|apt|apt-get|git|sudo|\\.) ).*");
    private static final Pattern STATEMENT =
            Pattern.compile("(?i)(select|create|alter|grant|revoke|insert|update|delete|drop) .*");

    /// @param opening what stands behind the first marks
    private record Block(Path file, String opening, List<String> lines) {
        boolean commands() {
            return opening.startsWith("sh")
                    || lines.stream().anyMatch(line -> COMMAND.matcher(line).matches());
        }

        boolean statements() {
            return opening.startsWith("sql")
                    || lines.stream().anyMatch(line -> STATEMENT.matcher(line).matches());
        }

        String begins() {
            return lines.getFirst().replaceFirst("\\s+#.*", "");
        }

        @Override
        public String toString() {
            return file + ", the block that begins with '" + begins() + "'";
        }
    }

    private static List<Block> blocks() {
        List<Block> blocks = new ArrayList<>();
        for (Path file : Texts.all()) {
            if (file.toString().endsWith(".md")) {
                Matcher found = BLOCK.matcher(Texts.read(file));
                while (found.find()) {
                    blocks.add(new Block(
                            file, found.group(1).strip(), found.group(2).lines().toList()));
                }
            }
        }
        return blocks;
    }

    @Test
    void every_block_with_commands_is_run_or_says_why_not() {
        List<String> complaints = new ArrayList<>();
        Set<String> reasons = new HashSet<>(NOT_RUN.keySet());
        for (Block block : blocks()) {
            boolean excused = reasons.remove(block.begins());
            if (block.commands() && !excused && !RUN_BY.containsKey(block.opening)) {
                complaints.add(block + " is run by nothing: open it with one of " + RUN_BY.keySet()
                        + ", or give the reason here");
            }
        }
        reasons.forEach(line -> complaints.add("no block begins with '" + line + "' any more"));
        assertEquals(List.of(), complaints);
    }

    /// Plain `sql` are the examples that [ReportDocsTest][hero.supervisor.store] reads as the role of reports.
    @Test
    void every_block_with_statements_is_run() {
        List<String> complaints = new ArrayList<>();
        for (Block block : blocks()) {
            boolean example = block.opening.equals("sql") && block.file.endsWith("REPORTING.md");
            if (block.statements() && !block.commands() && !example && !RUN_BY.containsKey(block.opening)) {
                complaints.add(block + " is run by nothing: open it with `sql` and what runs it");
            }
        }
        assertEquals(List.of(), complaints);
    }

    @Test
    void what_is_said_to_run_a_block_does_look_for_it() {
        List<String> complaints = new ArrayList<>();
        for (Block block : blocks()) {
            Path runner = RUN_BY.get(block.opening);
            if (runner != null) {
                assertTrue(Files.isRegularFile(runner), runner::toString);
                String text = Texts.read(runner);
                String word = block.opening.substring(block.opening.indexOf(' ') + 1);
                String name = String.valueOf(block.file.getFileName());
                boolean looked = text.contains(block.opening) || text.contains("block(\" " + word + "\")");
                if (!looked || !text.contains(name)) {
                    complaints.add(runner + " does not look for '" + block.opening + "' in " + name);
                }
            }
        }
        assertEquals(List.of(), complaints);
    }
}
