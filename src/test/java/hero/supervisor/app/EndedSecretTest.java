package hero.supervisor.app;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Scope;
import hero.supervisor.transport.RawWebSocket;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// A secret ends while connections carry it.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class EndedSecretTest {
    private final LiveGateway live = LiveGateway.start();

    @AfterAll
    void close() {
        live.close();
    }

    @Test
    void a_revoked_secret_closes_what_it_opened() throws Exception {
        var secret = live.supervisor().secrets().create("soon-gone", Scope.USER, null);
        LiveSocket login = live.socket();
        login.call("auth.login", Map.of("secret", secret.secret())).result();
        RawWebSocket bearer = RawWebSocket.tcp(live.port());
        assertTrue(bearer.handshake("/rpc", Map.of("Authorization", "Bearer " + secret.secret()))
                .startsWith("HTTP/1.1 101 "));
        LiveSocket shown = live.socket();
        shown.call("list_runners", Map.of("secret", secret.secret())).result();
        LiveSocket other = live.socket();
        other.call("auth.login", Map.of("secret", live.secret(Scope.USER))).result();
        live.call("secrets.revoke", Map.of("id", secret.id(), "secret", live.secret(Scope.ADMIN)))
                .result();
        assertEquals(4401, login.closeCode());
        assertEquals(4401, bearer.closeCode());
        assertEquals(4401, shown.closeCode());
        // It does not answer the close frame, and is ended all the same.
        assertTrue(bearer.ended());
        assertTrue(other.isOpen());
        assertEquals("ok", other.call("jobs.list", null).outcome());
        bearer.close();
    }

    @Test
    void a_secret_that_expires_closes_what_it_opened() throws Exception {
        String soon = live.sql("select to_char(clock_timestamp() at time zone 'UTC' + interval '2 s',"
                        + " 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')")
                .getFirst();
        String secret = live.supervisor()
                .secrets()
                .create("short", Scope.REGISTER, Instant.parse(soon))
                .secret();
        LiveSocket runner = live.socket();
        runner.call("runner.connect", Map.of("secret", secret, "name", "short", "slots", 1, "executors", List.of("sh")))
                .result();
        assertEquals(4401, runner.closeCode());
        await().until(() -> "offline"
                .equals(live.call("get_runner_status", List.of("short"))
                        .resultObject()
                        .get("state")));
    }
}
