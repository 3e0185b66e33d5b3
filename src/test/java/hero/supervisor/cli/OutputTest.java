package hero.supervisor.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Time;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class OutputTest {
    private static final Map<String, Object> EVENT = Map.of("job_id", "a", "status", "queued", "seq", "7:1");
    private static final Map<String, Object> OTHER = Map.of("job_id", "b", "status", "queued", "seq", "7:2");

    /// Takes one line, then fails.
    private static final class OneLine extends OutputStream {
        private final ByteArrayOutputStream taken = new ByteArrayOutputStream();
        private final String why;
        private int refused;

        OneLine(String why) {
            this.why = why;
        }

        @Override
        public void write(int b) throws IOException {
            if (taken.toString(StandardCharsets.UTF_8).contains("\n")) {
                refused++;
                throw new IOException(why);
            }
            taken.write(b);
        }
    }

    private final FakeFloors floors = new FakeFloors();
    private final StringWriter err = new StringWriter();

    private int run(OutputStream to, String... args) {
        Map<String, String> env = Map.of("SUPERVISOR_DB_URL", "jdbc:postgresql://127.0.0.1:1/none");
        var shell = new Shell(
                Output.writer(to),
                new PrintWriter(err),
                InputStream.nullInputStream(),
                env,
                Path.of(""),
                false,
                Time.system(),
                floors);
        return Main.run(args, shell);
    }

    @Test
    void what_a_full_disk_does_not_take_ends_the_command_and_is_said() {
        floors.answering("job.logs", log("one\ntwo\n"));
        assertEquals(Exit.CONNECTION, run(new OneLine("No space left on device"), "job", "logs", "a"));
        assertEquals(
                "supervisor: the answer cannot be written: No space left on device",
                err.toString().strip());
    }

    private static Map<String, Object> log(String data) {
        return Map.of(
                "attempt", 1, "next", 8, "end", true, "chunks", List.of(Map.of("stream", "stdout", "data", data)));
    }

    @Test
    void a_watch_ends_when_its_reader_has_left() {
        floors.answering("jobs.subscribe", Collections.nCopies(5, EVENT));
        var pipe = new OneLine("Broken pipe");
        assertEquals(Exit.READER_LEFT, run(pipe, "job", "watch", "--runner", "r", "--json"));
        assertEquals("", err.toString());
        assertEquals(1, pipe.refused);
    }

    @Test
    void a_reader_who_stays_gets_all_of_it() {
        floors.answering("jobs.subscribe", List.of(EVENT, OTHER));
        var out = new ByteArrayOutputStream();
        assertEquals(Exit.OK, run(out, "job", "watch", "--runner", "r", "--json"));
        List<String> lines = out.toString(StandardCharsets.UTF_8).lines().toList();
        assertEquals(2, lines.size());
        assertTrue(lines.get(1).contains("\"job_id\":\"b\""), lines::toString);
    }

    @Test
    void a_help_text_that_cannot_be_written_is_a_failure_too() {
        assertEquals(Exit.CONNECTION, run(new OneLine("No space left on device"), "job", "--help"));
    }

    @Test
    void a_server_goes_on_when_nobody_hears_what_it_says() {
        assertEquals(Exit.OK, run(new OneLine("Broken pipe"), "serve"));
        assertEquals(List.of("listening", "stopping"), floors.said);
        assertEquals("", err.toString());
    }
}
