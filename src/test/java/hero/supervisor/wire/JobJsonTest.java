package hero.supervisor.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobState;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Refusal;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class JobJsonTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00.123456Z");
    private static final String NEEDED =
            "\"payload\":\"p\",\"executor\":\"sh\",\"runner\":\"r\",\"caller_id\":\"c\",\"context_id\":\"x\"";
    private final JobReader reader = new JobReader(Limits.DEFAULT, () -> "made", InstantSource.fixed(NOW));

    @Test
    void a_job_comes_back_as_it_was_sent_in_the_order_of_the_seed() {
        String job = "{\"id\":\"j\",\"caller_id\":\"c\",\"context_id\":\"x\",\"payload\":\"p\\n\",\"runner\":\"r\","
                + "\"executor\":\"sh\",\"timeout\":1.5,\"env_vars\":{\"A\":\"1\",\"B\":\"\"},"
                + "\"created_at\":\"2023-01-01t00:00:00.5+02:00\",\"updated_at\":\"2023-01-01T00:00:00Z\","
                + "\"retries\":3,\"retry_delay\":0,\"priority\":-100,\"start_at\":\"2030-01-01T00:00:00Z\","
                + "\"labels\":{\"a\":\"b\"},\"at_most_once\":false}";
        assertEquals(job, Given.written(JobJson.job(read(job))));
    }

    @Test
    void what_is_left_out_is_filled_in() {
        assertEquals(
                "{\"id\":\"made\",\"caller_id\":\"c\",\"context_id\":\"x\",\"payload\":\"p\",\"runner\":\"r\","
                        + "\"executor\":\"sh\",\"timeout\":300,\"env_vars\":{},"
                        + "\"created_at\":\"2026-01-01T00:00:00.123Z\",\"updated_at\":\"2026-01-01T00:00:00.123Z\"}",
                Given.written(JobJson.job(read("{" + NEEDED + "}"))));
        assertEquals(
                "made", read("{" + NEEDED + ",\"id\":null,\"timeout\":null}").id());
    }

    @Test
    void the_legacy_name_of_executor_is_taken_alone() {
        assertEquals(
                "py",
                read("{" + NEEDED.replace("\"executor\":\"sh\"", "\"job_type\":\"py\"") + "}")
                        .executor());
        refused("/job/job_type", "{" + NEEDED + ",\"job_type\":\"py\"}");
        refused("/job/executor", "{" + NEEDED.replace("\"executor\":\"sh\",", "") + "}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"payload", "executor", "runner", "caller_id", "context_id"})
    void what_is_required_is_named(String name) {
        refused("/job/" + name, "{" + NEEDED.replace("\"" + name + "\"", "\"id\"") + "}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "0", "1e309", "31536001", "\"300\"", "true", "[1]"})
    void a_timeout_that_is_none_is_refused(String timeout) {
        refused("/job/timeout", "{" + NEEDED + ",\"timeout\":" + timeout + "}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "0.001", "31536000", "3e2"})
    void a_timeout_within_the_limit_is_taken(String timeout) {
        assertEquals(
                Double.parseDouble(timeout),
                read("{" + NEEDED + ",\"timeout\":" + timeout + "}").timeoutS());
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '\'',
            value = {
                "/job/tmeout,'\"tmeout\":1'",
                "/job/env_vars,'\"env_vars\":{\"A=B\":\"\"}'",
                "/job/env_vars,'\"env_vars\":{\"\":\"\"}'",
                "/job/env_vars/A,'\"env_vars\":{\"A\":1}'",
                "/job/env_vars/A,'\"env_vars\":{\"A\":\"\\u0000\"}'",
                "/job/env_vars,'\"env_vars\":[]'",
                "/job/id,'\"id\":\"\"'",
                "/job/id,'\"id\":\"a\\n\"'",
                "/job/id,'\"id\":5'",
                "/job/created_at,'\"created_at\":\"yesterday\"'",
                "/job/created_at,'\"created_at\":\"2023-02-30T00:00:00Z\"'",
                "/job/created_at,'\"created_at\":\"2023-01-01T00:00Z\"'",
                "/job/updated_at,'\"updated_at\":\"2023-01-01T00:00:00\"'",
                "/job/updated_at,'\"updated_at\":\"2023-01-01T24:00:00Z\"'",
                "/job/start_at,'\"start_at\":1'",
                "/job/retries,'\"retries\":101'",
                "/job/retries,'\"retries\":-1'",
                "/job/retries,'\"retries\":1.5'",
                "/job/retry_delay,'\"retry_delay\":-1'",
                "/job/priority,'\"priority\":101'",
                "/job/labels/a,'\"labels\":{\"a\":null}'",
                "/job/labels,'\"labels\":{\"\":\"x\"}'",
                "/job/at_most_once,'\"at_most_once\":\"yes\"'"
            })
    void what_is_wrong_is_pointed_at(String path, String member) {
        refused(path, "{" + NEEDED + "," + member + "}");
    }

    @Test
    void names_end_at_their_limit() {
        assertEquals(
                255,
                read("{" + NEEDED + ",\"id\":\"" + "i".repeat(255) + "\"}").id().length());
        refused("/job/id", "{" + NEEDED + ",\"id\":\"" + "i".repeat(256) + "\"}");
    }

    @Test
    void a_state_shows_times_that_have_not_come_as_null() {
        assertEquals(
                "{\"job_id\":\"j\",\"status\":\"running\",\"created_at\":\"2023-01-01T00:00:00Z\","
                        + "\"started_at\":\"2026-01-01T00:00:00.123456Z\",\"completed_at\":null}",
                Given.written(JobJson.state(new JobState("j", JobStatus.RUNNING, "2023-01-01T00:00:00Z", NOW, null))));
    }

    @Test
    void a_result_is_success_or_error_and_nothing_else() {
        assertEquals("{\"success\":\"\"}", Given.written(JobJson.result(new JobResult.Success(""))));
        assertEquals("{\"error\":\"exit 3\"}", Given.written(JobJson.result(new JobResult.Failure("exit 3", 3))));
    }

    @Test
    void details_hold_everything_with_a_null_for_what_is_not_there() {
        Job job = read("{" + NEEDED + "}");
        JobState state = new JobState("made", JobStatus.QUEUED, job.createdAt(), null, null);
        Body attempt = JobJson.attempt(1, null, NOW, null, "lost", null, null);
        String text = Given.written(JobJson.details(job, "q", state, null, null, List.of(attempt), null));
        assertEquals(
                "{\"job\":" + Given.written(JobJson.job(job)) + ",\"queue\":\"q\",\"state\":"
                        + Given.written(JobJson.state(state))
                        + ",\"result\":null,\"attempts\":[{\"attempt\":1,\"session_id\":null,"
                        + "\"started_at\":\"2026-01-01T00:00:00.123456Z\",\"ended_at\":null,\"status\":\"lost\","
                        + "\"error\":null,\"exit_code\":null}]}",
                text);
    }

    private Job read(String job) {
        return reader.read(Given.params("{\"job\":" + job + "}", "secret", "job"));
    }

    private void refused(String path, String job) {
        Refusal refusal = assertThrows(Refusal.class, () -> read(job));
        assertEquals(path, refusal.data().get("path"), refusal.getMessage());
        assertEquals(Refusal.Kind.INVALID_PARAMS, refusal.kind());
    }
}
