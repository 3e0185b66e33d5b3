package hero.supervisor.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Connect;
import hero.supervisor.domain.Hold;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Outcome;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Report;
import hero.supervisor.domain.Runner;
import hero.supervisor.domain.RunnerStatus;
import hero.supervisor.domain.Stop;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RunnerJsonTest {
    private static final Stop STOP = new Stop(new Hold("j", 2), "stopped", false, 10_000);
    private static final String STOP_TEXT =
            "{\"job_id\":\"j\",\"attempt\":2,\"reason\":\"stopped\",\"mode\":\"graceful\",\"grace_ms\":10000}";
    private final RunnerReader reader = new RunnerReader(Limits.DEFAULT);

    @Test
    void a_pull_s_answer_shows_job_attempt_lease_and_deadline() {
        Job job = new Job("j", "c", "x", "p", "r", "sh", 1.5, Map.of(), "t", "t", Job.Extras.NONE);
        Assignment assignment = new Assignment(job, 2, -1, "s", Instant.EPOCH);
        assertEquals(
                "{\"jobs\":[{\"id\":\"j\",\"caller_id\":\"c\",\"context_id\":\"x\",\"payload\":\"p\",\"runner\":\"r\","
                        + "\"executor\":\"sh\",\"timeout\":1.5,\"env_vars\":{},\"created_at\":\"t\",\"updated_at\":\"t\","
                        + "\"attempt\":2,\"lease\":\"ffffffffffffffff\",\"deadline_ms\":1500}],\"stops\":[" + STOP_TEXT
                        + "],\"drain\":false}",
                Given.written(RunnerJson.pulled(List.of(assignment), List.of(STOP), false, Map.of(), Map.of())));
    }

    @Test
    void other_answers_are_as_documented() {
        assertEquals(
                "{\"stops\":[],\"abandon\":[{\"job_id\":\"j\",\"attempt\":1}],\"drain\":true}",
                Given.written(RunnerJson.beaten(List.of(), List.of(new Hold("j", 1)), true)));
        assertEquals(
                "[{\"job_id\":\"a\",\"outcome\":\"recorded\"},{\"job_id\":\"b\",\"outcome\":\"stale\"}]",
                Given.written(RunnerJson.outcomes(List.of("a", "b"), List.of(Outcome.RECORDED, Outcome.STALE))));
        assertEquals(
                "{\"session_id\":\"s\",\"heartbeat_ms\":1,\"lease_ms\":2,\"resume_grace_ms\":3,\"log_window\":0,"
                        + "\"verdicts\":[{\"job_id\":\"j\",\"attempt\":1,\"verdict\":\"keep\"},"
                        + "{\"job_id\":\"k\",\"attempt\":1,\"verdict\":\"abandon\"}]}",
                Given.written(RunnerJson.connected(new Connect.Connected(
                        "s",
                        1,
                        2,
                        3,
                        0,
                        List.of(
                                new Connect.Verdict(new Hold("j", 1), true),
                                new Connect.Verdict(new Hold("k", 1), false))))));
        assertEquals(
                "{\"name\":\"r\",\"queue\":\"q\",\"state\":\"busy\",\"connections\":1,\"slots\":2,\"running\":2,"
                        + "\"queued\":3,\"last_seen\":null}",
                Given.written(RunnerJson.status(new RunnerStatus(new Runner("r", "q", true), 1, 2, 2, 3, null))));
        assertEquals(
                "{\"jsonrpc\":\"2.0\",\"method\":\"runner.stop\",\"params\":" + STOP_TEXT + "}",
                new String(RunnerJson.stop(STOP), StandardCharsets.UTF_8));
    }

    @Test
    void connect_takes_what_is_needed_and_fills_in_the_rest() {
        assertEquals(
                new Connect("r", null, 2, List.of(), Map.of(), null),
                reader.connect(connect("{\"name\":\"r\",\"slots\":2}")));
        assertEquals(
                new Connect(
                        "r",
                        "q",
                        10_000,
                        List.of("sh"),
                        Map.of("zone", "a"),
                        new Connect.Resume("s", List.of(new Hold("j", 3)))),
                reader.connect(connect("{\"name\":\"r\",\"queue\":\"q\",\"slots\":10000,\"executors\":[\"sh\"],"
                        + "\"labels\":{\"zone\":\"a\"},\"resume\":{\"session_id\":\"s\",\"running\":"
                        + "[{\"job_id\":\"j\",\"attempt\":3}]}}")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"slots\":2}",
                "{\"name\":\"r\"}",
                "{\"name\":\"r\",\"slots\":0}",
                "{\"name\":\"r\",\"slots\":10001}",
                "{\"name\":\"r\",\"slots\":1,\"executors\":\"sh\"}",
                "{\"name\":\"r\",\"slots\":1,\"resume\":{}}",
                "{\"name\":\"r\",\"slots\":1,\"resume\":{\"session_id\":\"s\",\"running\":[{\"job_id\":\"j\"}]}}"
            })
    void connect_refuses_the_rest(String json) {
        assertThrows(Refusal.class, () -> reader.connect(connect(json)));
    }

    @Test
    void a_lease_is_read_back_as_it_was_given() {
        for (long lease : new long[] {0, 1, -1, Long.MIN_VALUE, 0x1234L}) {
            assertEquals(
                    List.of(new Report(new Assignment.Key("j", 1, lease), new JobResult.Success("42"))),
                    reports("\"job_id\":\"j\",\"attempt\":1,\"lease\":\"" + RunnerJson.lease(lease)
                            + "\",\"success\":\"42\""));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "+000000000000001", "-000000000000001", "000000000000000G", "00000000000000001"})
    void a_lease_that_nobody_gave_is_as_good_as_a_guess_and_the_attempt_is_kept(String lease) {
        assertEquals(
                new Assignment.Key("j", 1, 0),
                reports("\"job_id\":\"j\",\"attempt\":1,\"lease\":\"" + lease + "\",\"error\":\"e\",\"exit_code\":-9")
                        .getFirst()
                        .key());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"success\":\"a\",\"error\":\"b\"",
                "\"exit_code\":0",
                "\"success\":1",
                "\"success\":\"a\\u0000\"",
                "\"error\":\"a\",\"exit_code\":\"1\"",
                "\"succes\":\"a\""
            })
    void a_report_has_exactly_one_outcome(String members) {
        assertThrows(
                Refusal.class,
                () -> reports("\"job_id\":\"j\",\"attempt\":1,\"lease\":\"0000000000000001\"," + members));
    }

    @Test
    void a_note_is_counted_in_code_points() {
        String most = "😀".repeat(1000);
        assertEquals(
                most,
                reader.progress(Given.params("{\"note\":\"" + most + "\"}", "percent", "note", "checkpoint"))
                        .note());
        assertThrows(
                Refusal.class,
                () -> reader.progress(Given.params("{\"note\":\"" + most + "a\"}", "percent", "note", "checkpoint")));
    }

    private static Params connect(String json) {
        return Given.params(json, "name", "queue", "slots", "executors", "labels", "resume");
    }

    private List<Report> reports(String members) {
        return reader.reports(Given.params("{\"results\":[{" + members + "}]}", "results"));
    }
}
