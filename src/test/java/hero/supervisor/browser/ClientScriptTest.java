package hero.supervisor.browser;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.app.LiveGateway;
import hero.supervisor.app.LiveRunner;
import hero.supervisor.domain.Scope;
import hero.supervisor.wire.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// `client.js` against a whole gateway. Source of the three workflows: the convention, "Workflow Examples".
class ClientScriptTest {
    private static final String SPEC = "const spec = { caller_id: 'c', context_id: 'x', runner: 'js', executor: 'sh',"
            + " payload: 'echo' }; const sleep = (ms) => new Promise((done) => setTimeout(done, ms));";

    private static LiveGateway gateway;
    private static LiveRunner runner;
    private JavaScriptRealm page;

    @BeforeAll
    static void start() {
        gateway = LiveGateway.start();
        runner = gateway.runner("js", "js", 8)
                .answering(job ->
                        "fail".equals(job.get("payload")) ? Map.of("error", "as asked") : Map.of("success", "done"));
    }

    @AfterAll
    static void stop() {
        runner.close();
        gateway.close();
    }

    @BeforeEach
    void open() {
        page = new JavaScriptRealm();
    }

    @AfterEach
    void leave() {
        page.close();
    }

    private String run(String statements) {
        return page.run(
                SPEC + statements,
                Map.of(
                        "url",
                        "ws://127.0.0.1:" + gateway.port(),
                        "http",
                        "http://127.0.0.1:" + gateway.port(),
                        "secret",
                        gateway.secret(Scope.USER),
                        "register",
                        gateway.secret(Scope.REGISTER)));
    }

    @Test
    void fire_and_forget_as_the_convention_writes_it() {
        assertEquals("[{\"success\":\"done\"},{\"error\":\"as asked\"}]", run("""
                        const client = new SupervisorClient(url);
                        const result = await client.job_run(secret, spec);
                        return [result, await client.job_run(secret, { ...spec, payload: "fail" })];
                        """));
    }

    @Test
    void asynchronous_processing_as_the_convention_writes_it() {
        assertEquals("[\"completed\",{\"success\":\"done\"}]", run("""
                        const client = new SupervisorClient(url);
                        const jobId = await client.jobs_create(secret, spec);
                        await client.job_start(secret, jobId);
                        let status;
                        do {
                          status = await client.job_status(jobId);
                          if (status.status === 'running') {
                            await sleep(20);
                          }
                        } while (status.status === 'running' || status.status === 'queued');
                        const result = await client.job_result(jobId);
                        return [status.status, result];
                        """));
    }

    @Test
    void batch_management_as_the_convention_writes_it() {
        assertEquals(
                "[[{\"success\":\"done\"},{\"error\":\"as asked\"},{\"success\":\"done\"}],\"job_not_found -32000\"]",
                run("""
                        const client = new SupervisorClient(url);
                        const jobIds = [];
                        for (const jobSpec of [spec, { ...spec, payload: "fail" }, spec]) {
                          const jobId = await client.jobs_create(secret, jobSpec);
                          jobIds.push(jobId);
                        }
                        for (const jobId of jobIds) {
                          await client.job_start(secret, jobId);
                        }
                        const results = [];
                        for (const jobId of jobIds) {
                          const result = await client.job_result(jobId);
                          results.push(result);
                        }
                        for (const jobId of jobIds) {
                          await client.job_stop(secret, jobId);
                          await client.job_delete(secret, jobId);
                        }
                        const gone = await client.job_status(jobIds[0]).catch((error) => error);
                        return [results, `${gone.kind} ${gone.code}`];
                        """));
    }

    @Test
    void who_signs_in_once_calls_by_name_or_by_position_without_a_secret() {
        assertEquals("[{\"success\":\"done\"},{\"success\":\"done\"},true,\"own\"]", run("""
                        const client = new SupervisorClient(url, { secret });
                        const named = await client.job_run({ job: spec });
                        const placed = await client.job_run(null, spec);
                        return [named, placed, (await client.list_runners()).includes("js"),
                          await client.call("jobs.create", { job: { ...spec, id: "own" } })];
                        """));
    }

    @Test
    void calls_by_http_give_the_same() {
        assertEquals("[{\"success\":\"done\"},\"unauthorized -32602\",\"job_not_found -32000\"]", run("""
                        const client = new SupervisorClient(http, { secret });
                        const wrong = await new SupervisorClient(http, { secret: "hsv_usr_wrong" })
                          .list_runners().catch((error) => error);
                        const gone = await client.job_status("no such job").catch((error) => error);
                        return [await client.job_run(null, spec), `${wrong.kind} ${wrong.code}`, `${gone.kind} ${gone.code}`];
                        """));
    }

    @Test
    void by_http_the_next_server_is_asked_and_a_closed_client_ends_its_calls() {
        assertEquals("[\"ConnectionLost\",\"the client was closed\",\"the client was closed\"]", run("""
                        const client = new SupervisorClient(["http://127.0.0.1:1", http], { secret });
                        const id = await client.jobs_create(null, spec);
                        const waiting = client.job_result(id).catch((error) => error);
                        await client.job_status(id);
                        client.close();
                        const ended = await waiting;
                        return [ended.name, ended.message, await client.job_status(id).catch((error) => error.message)];
                        """));
    }

    @Test
    void by_http_a_path_where_nothing_is_is_said_at_once() {
        String answer = run("""
                        const client = new SupervisorClient(http + "/elsewhere", { secret });
                        await client.list_runners().catch(() => {});
                        const error = await client.list_runners().catch((e) => e);
                        return `${error.name} ${error.code} ${error.message}`;
                        """);
        assertTrue(answer.startsWith("\"ConnectionLost 404 no answer from "), answer);
        assertTrue(answer.contains("there is nothing at this path"), answer);
    }

    @Test
    void parameters_of_no_kind_are_the_servers_to_refuse() {
        assertEquals("\"RpcError -32602\"", run("""
                        const client = new SupervisorClient(url, { secret });
                        const refused = await client.call("jobs.create", null).catch((error) => error);
                        return `${refused.name} ${refused.code}`;
                        """));
    }

    @Test
    void a_secret_that_proves_nothing_is_an_error_of_the_first_call() {
        assertEquals("[\"RpcError unauthorized\",\"RpcError forbidden\"]", run("""
                        const wrong = await new SupervisorClient(url, { secret: "hsv_usr_wrong" })
                          .list_runners().catch((error) => error);
                        const other = await new SupervisorClient(url, { secret: register })
                          .job_run(null, spec).catch((error) => error);
                        return [`${wrong.name} ${wrong.kind}`, `${other.name} ${other.kind}`];
                        """));
    }

    @Test
    void a_job_and_all_jobs_can_be_watched() {
        assertEquals(
                "[[\"created\",\"queued\",\"running\",\"completed\"],[\"created\",\"queued\",\"running\",\"completed\"]]",
                run("""
                        const client = new SupervisorClient(url, { secret });
                        const { seq } = await client.call("jobs.subscribe", {});
                        const id = await client.jobs_create(null, { ...spec, context_id: "watched" });
                        const one = [];
                        for await (const event of client.watchJob(id, { logs: true })) {
                          one.push(event.status);
                          if (event.status === "created") await client.job_start({ job_id: id });
                        }
                        const all = [];
                        for await (const event of client.watchJobs({ context_id: "watched" }, { since: seq })) {
                          all.push(event.status);
                          if (event.final) break;
                        }
                        return [one, all];
                        """));
    }

    @Test
    void every_method_of_the_document_but_those_of_runners_and_streams_is_there() throws Exception {
        TreeSet<String> documented = new TreeSet<>();
        Pattern elsewhere = Pattern.compile("runner\\..*|auth\\.login|jobs?\\.(un)?subscribe");
        if (Json.read(Files.readString(Path.of("openrpc.json"))) instanceof Map<?, ?> document
                && document.get("methods") instanceof List<?> methods) {
            for (Object method : methods) {
                String name = String.valueOf(((Map<?, ?>) method).get("name"));
                if (!elsewhere.matcher(name).matches()) {
                    documented.add(name.replace('.', '_'));
                }
            }
        }
        assertTrue(documented.contains("job_result"), documented.toString());
        String named = run("""
                return Object.getOwnPropertyNames(SupervisorClient.prototype).filter((name) => name.includes("_")).sort();
                """);
        assertEquals(Json.write(List.copyOf(documented)), named);
    }

    @Test
    void what_cannot_be_a_server_is_refused_in_plain_words() {
        assertEquals(
                "[\"'ftp://x' is not a ws:, wss:, http: or https: URL\",\"the URL of a server is needed\","
                        + "\"the URLs must be all of ws: and wss:, or all of http: and https:\","
                        + "\"streams need a ws: or wss: URL\"]",
                run("""
                        const words = [];
                        for (const url of ["ftp://x", undefined, ["ws://x", "http://x"]]) {
                          try { new SupervisorClient(url); } catch (error) { words.push(error.message); }
                        }
                        await new SupervisorClient(http).watchJobs().next().catch((e) => words.push(e.message));
                        return words;
                        """));
    }
}
