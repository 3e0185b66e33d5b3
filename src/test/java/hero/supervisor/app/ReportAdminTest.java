package hero.supervisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Scope;
import hero.supervisor.store.Database;
import hero.supervisor.store.PostgresFixture;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.jspecify.annotations.Nullable;

/// Reports of a live gateway, by the ways that people ask for them.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@SuppressWarnings("NullAway.Init")
final class ReportAdminTest {
    private Database.Settings database;
    private LiveGateway live;
    private ReportAdmin reports;

    @BeforeAll
    void start() {
        database = PostgresFixture.freshDatabase();
        live = LiveGateway.start(database, Map.of());
        reports = ReportAdmin.open(LiveGateway.config(database, Map.of()));
    }

    @AfterAll
    void stop() {
        reports.close();
        live.close();
    }

    private List<Map<String, @Nullable Object>> rows(String what) {
        return reports.rows(what, Duration.ofHours(1));
    }

    private @Nullable Object call(String method, Map<String, Object> params) throws IOException, InterruptedException {
        Map<String, Object> all = new LinkedHashMap<>(params);
        all.put("secret", live.secret(Scope.ADMIN));
        return live.call(method, all).result();
    }

    /// The role is one for the whole server: this sets its password for other tests as well, which use none.
    @Test
    void the_role_of_the_reports_logs_in_and_reads_reports_only() {
        reports.login("it's a \\ test");
        Map<Setting, String> as = Map.of(Setting.DB_USER, "supervisor_report", Setting.DB_PASSWORD, "it's a \\ test");
        try (ReportAdmin readers = ReportAdmin.open(LiveGateway.config(database, as))) {
            assertEquals(rows("runners"), readers.rows("runners", Duration.ofHours(1)));
            String refused = String.valueOf(
                    assertThrows(CannotStart.class, () -> readers.login("more")).getMessage());
            assertTrue(refused.contains("CREATEROLE"), refused);
            assertEquals(
                    refused, assertThrows(CannotStart.class, readers::rebuild).getMessage());
        }
    }

    @Test
    void each_report_answers_and_the_gateway_s_own_figures_reach_it() throws IOException, InterruptedException {
        live.register("r");
        for (String id : List.of("one", "two")) {
            call("create_job", Map.of("job", LiveGateway.job(id, "r")));
        }
        call("job.stop", Map.of("job_id", "one"));
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> failed() == 1);
        assertEquals("stopped", rows("failures").getFirst().get("error_head"));
        assertEquals("absent", rows("runners").getFirst().get("state"));
        assertEquals(1L, rows("queues").getFirst().get("depth"));
        assertEquals(List.of(), rows("slow"));
        assertTrue(reports.rebuild() >= 0);

        call("job.delete", Map.of("job_id", "one"));
        assertEquals(
                List.of("one deleted", "two queued"),
                live.sql("select job_id || ' ' || status from report.jobs order by number"));
        assertEquals(live.sql("select job_id from report.jobs where deleted_at is null"), call("list_jobs", Map.of()));
        assertEquals(
                "-32000 job_not_found",
                live.call("job.get", Map.of("secret", live.secret(Scope.ADMIN), "job_id", "one"))
                        .outcome());
    }

    private long failed() {
        return rows("throughput").stream()
                .mapToLong(row -> ((Number) Objects.requireNonNull(row.get("failed"))).longValue())
                .sum();
    }

    @Test
    void an_older_schema_is_told_in_a_sentence() {
        try (ReportAdmin empty = ReportAdmin.open(LiveGateway.config(PostgresFixture.emptyDatabase(), Map.of()))) {
            CannotStart e = assertThrows(CannotStart.class, () -> empty.rows("queues", Duration.ofHours(1)));
            assertEquals(
                    "the database has no schema 'report' of this version; run 'supervisor migrate up'", e.getMessage());
        }
    }
}
