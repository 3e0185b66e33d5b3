package hero.supervisor.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Time;
import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class JobLogsTest {
    private final FakeFloors floors = new FakeFloors();
    private final ArrayDeque<Map<String, Object>> pages = new ArrayDeque<>();
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    Path folder;

    private int run(String... args) {
        floors.answers.put("job.logs", (_, _) -> Objects.requireNonNull(pages.poll(), "one call too many"));
        var in = new ByteArrayInputStream(new byte[0]);
        var shell = new Shell(
                new PrintWriter(out), new PrintWriter(err), in, Map.of(), folder, false, Time.system(), floors);
        return Main.run(args, shell);
    }

    private static Map<String, Object> chunk(String stream, int offset, String data) {
        return Map.of("stream", stream, "offset", offset, "data", data);
    }

    private void page(int attempt, int next, boolean end, Object... chunks) {
        pages.add(Map.of(
                "job_id",
                "j",
                "attempt",
                attempt,
                "chunks",
                List.of(chunks),
                "next",
                next,
                "truncated",
                false,
                "end",
                end));
    }

    private Map<String, Object> params(int call) {
        return floors.calls.get(call).params();
    }

    @Test
    void stored_output_goes_to_the_streams_that_it_came_from() {
        page(1, 7, false, chunk("stdout", 0, "out\n"), chunk("stderr", 0, "err"));
        page(1, 8, false, chunk("stdout", 4, "."));
        page(1, 8, false);
        assertEquals(Exit.OK, run("job", "logs", "j"));
        assertEquals("out\n.", out.toString());
        assertEquals("err", err.toString());
        assertEquals(Map.of("job_id", "j", "offset", 0L), params(0));
        assertEquals(Map.of("job_id", "j", "offset", 7L, "attempt", 1L), params(1));
    }

    @Test
    void following_goes_on_until_the_end_and_through_attempts() {
        page(0, 0, false);
        page(1, 3, false, chunk("stdout", 0, "one"));
        page(1, 3, false);
        page(1, 3, true);
        page(2, 0, false);
        page(2, 3, true, chunk("stdout", 0, "two"));
        page(2, 1, false);
        assertEquals(Exit.OK, run("job", "logs", "j", "-f"));
        assertEquals("onetwo", out.toString());
        assertEquals(Map.of("job_id", "j", "offset", 0L, "attempt", 2L), params(5));
        assertTrue(pages.isEmpty());
    }

    @Test
    void an_attempt_and_a_stream_can_be_chosen() {
        page(1, 1, true, chunk("stderr", 0, "e"));
        assertEquals(Exit.OK, run("job", "logs", "j", "-f", "--attempt", "1", "--stream", "stderr"));
        assertEquals(Map.of("job_id", "j", "offset", 0L, "attempt", 1L, "stream", "stderr"), params(0));
    }

    @Test
    void what_was_not_kept_is_told() {
        page(1, 30, true, chunk("stdout", 0, "head"), chunk("stdout", 20, "tail"));
        run("job", "logs", "j");
        assertEquals("headtail", out.toString());
        assertTrue(err.toString().contains("16 bytes of stdout were not kept"), err.toString());
    }

    @Test
    void json_is_one_line_per_piece() {
        page(3, 2, true, chunk("stdout", 0, "a\n"));
        run("job", "logs", "j", "--json");
        assertTrue(out.toString().startsWith("{\"job_id\":\"j\",\"attempt\":3,"), out.toString());
        assertTrue(out.toString().contains("\"data\":\"a\\n\""), out.toString());
        assertEquals(1, out.toString().lines().count());
    }
}
