package hero.supervisor.app;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Scope;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// `/metrics` and `/health` of a live gateway.
final class MetricsLiveTest {
    private static final Pattern ROW = Pattern.compile("\\| `([a-z0-9_]+)` \\| (counter|gauge|histogram) \\|.*");

    private static PrometheusText scrape(LiveGateway live) throws IOException, InterruptedException {
        HttpResponse<String> answer = live.get("/metrics");
        assertEquals(200, answer.statusCode(), answer.body());
        assertEquals(
                "text/plain; version=0.0.4; charset=utf-8",
                answer.headers().firstValue("content-type").orElse(""));
        return PrometheusText.parse(answer.body());
    }

    /// The table in the docs: name and type; each histogram has its maximum.
    private static Map<String, String> documented() throws IOException {
        Map<String, String> rows = new TreeMap<>();
        Files.readString(Path.of("docs/OPERATIONS.md"))
                .lines()
                .map(ROW::matcher)
                .filter(row -> row.matches())
                .forEach(row -> {
                    rows.put(row.group(1), row.group(2));
                    if (row.group(2).equals("histogram")) {
                        rows.put(row.group(1) + "_max", "gauge");
                    }
                });
        return rows;
    }

    @Test
    void a_day_in_short_is_told_in_every_documented_figure_and_no_other() throws Exception {
        try (LiveGateway live = LiveGateway.start()) {
            LiveRunner runner = live.runner("worker", "work", 4);
            live.register("idle");
            live.call("jobs.create", secretly(live, LiveGateway.job("waits", "idle")))
                    .result();
            live.call("job.start", Map.of("secret", live.secret(Scope.USER), "job_id", "waits"))
                    .result();
            live.call("jobs.create", secretly(live, LiveGateway.job("done", "worker")))
                    .result();
            live.call("job.start", Map.of("secret", live.secret(Scope.USER), "job_id", "done"))
                    .result();
            runner.end(runner.take(), Map.of("success", "output"));
            live.call("job.status", Map.of("job_id", "unknown"));

            await().until(() -> {
                PrometheusText now = scrape(live);
                return now.value("hero_jobs_accepted_total") == 2
                        && now.value("hero_jobs_finished_total{status=\"completed\"}") == 1
                        && now.value("hero_queue_depth{queue=\"idle\"}") == 1;
            });
            PrometheusText told = scrape(live);
            assertEquals(1, told.value("hero_jobs_assigned_total"));
            assertEquals(1, told.value("hero_job_wait_seconds_count"));
            assertEquals(1, told.value("hero_job_run_seconds_count"));
            assertEquals(2, told.value("hero_commit_writes_sum{kind=\"create\"}"));
            assertEquals(1, told.value("hero_commit_writes_sum{kind=\"complete\"}"));
            assertEquals(1, told.value("hero_runner_sessions"));
            assertEquals(0, told.value("hero_jobs_running"));
            assertEquals(1, told.value("hero_ws_connections"));
            assertEquals(1, told.value("hero_rpc_refused_total{error_type=\"job_not_found\"}"));
            assertEquals(
                    2,
                    told.value(
                            "hero_rpc_server_call_duration_seconds_count{outcome=\"ok\",rpc_method=\"jobs.create\"}"));
            assertTrue(told.value("hero_queue_oldest_wait_seconds{queue=\"idle\"}") > 0);
            assertEquals(documented(), new TreeMap<>(told.types()));
        }
    }

    private static Map<String, Object> secretly(LiveGateway live, Map<String, Object> job) {
        return Map.of("secret", live.secret(Scope.USER), "job", job);
    }

    @Test
    void a_stopped_job_is_told_with_the_time_that_its_end_took() throws Exception {
        try (LiveGateway live = LiveGateway.start()) {
            LiveRunner runner = live.runner("worker", "work", 1);
            live.call("create_job", secretly(live, LiveGateway.job("j", "worker")))
                    .result();
            var job = runner.take();
            live.call("job.stop", Map.of("secret", live.secret(Scope.USER), "job_id", "j"))
                    .result();
            assertEquals(1, scrape(live).value("hero_jobs_running"));
            runner.end(job, Map.of("error", "told to"));
            await().until(() -> scrape(live).value("hero_jobs_finished_total{status=\"failed\"}") == 1);
            assertEquals(1, scrape(live).value("hero_job_stop_seconds_count"));
        }
    }

    @Test
    void only_the_safe_corner_and_admins_read_metrics_unless_they_are_open() throws Exception {
        try (LiveGateway live = LiveGateway.start(Map.of(Setting.ANONYMOUS, "never"))) {
            assertEquals(401, live.get("/metrics").statusCode());
            assertEquals(403, status(live, Scope.USER));
            assertEquals(403, status(live, Scope.REGISTER));
            assertEquals(200, status(live, Scope.ADMIN));
        }
        try (LiveGateway live = LiveGateway.start(Map.of(Setting.ANONYMOUS, "never", Setting.METRICS, "open"))) {
            assertEquals(200, live.get("/metrics").statusCode());
        }
    }

    private static int status(LiveGateway live, Scope scope) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(live.url() + "/metrics"))
                .header("Authorization", "Bearer " + live.secret(scope))
                .build();
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
        }
    }

    @Test
    void readiness_names_each_check() throws Exception {
        try (LiveGateway live = LiveGateway.start()) {
            assertEquals(
                    "{\"status\":\"ready\",\"reasons\":[],\"checks\":{\"database\":{\"ok\":true},"
                            + "\"migrations\":{\"ok\":true},\"listener\":{\"ok\":true},\"draining\":{\"ok\":true}}}",
                    live.get("/health/ready").body());
            assertEquals("{\"status\":\"live\"}", live.get("/health/live").body());
        }
    }

    @Test
    void the_reader_of_this_test_refuses_what_is_no_prometheus_text() {
        for (String wrong : List.of(
                "a 1",
                "a 1\n",
                "# TYPE a gauge\na one\n",
                "# TYPE a gauge\na 1\na 1\n",
                "# TYPE a counter\na 1\n",
                "# TYPE a gauge\na{b=1} 1\n",
                "# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\n",
                "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_count 2\n",
                "\n")) {
            assertThrows(IllegalArgumentException.class, () -> PrometheusText.parse(wrong), wrong);
        }
        assertEquals(
                1,
                PrometheusText.parse("# HELP a b\n# TYPE a gauge\na{b=\"c\\\"d\"} 1.0E9\n")
                        .samples()
                        .size());
    }
}
