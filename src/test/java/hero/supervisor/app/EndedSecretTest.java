package hero.supervisor.app;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Scope;
import hero.supervisor.transport.RawWebSocket;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
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

    /// The new one is told this once.
    @Test
    void who_ends_the_secret_of_its_own_connection_hears_the_answer_and_is_closed_then() throws Exception {
        for (int round = 0; round < 10; round++) {
            var mine = live.supervisor().secrets().create("mine", Scope.ADMIN, null);
            LiveSocket socket = live.socket();
            socket.call("auth.login", Map.of("secret", mine.secret())).result();

            Map<String, @Nullable Object> next =
                    socket.call("secrets.rotate", Map.of("id", mine.id())).resultObject();

            assertEquals(4401, socket.closeCode());
            LiveSocket again = live.socket();
            again.call("auth.login", Map.of("secret", String.valueOf(next.get("secret"))))
                    .result();
            assertNull(again.call("secrets.revoke", Map.of("id", String.valueOf(next.get("id"))))
                    .result());
            assertEquals(4401, again.closeCode());
        }
    }

    @Test
    void a_secret_that_has_ended_is_not_rotated_into_one_that_holds() {
        var secrets = live.supervisor().secrets();
        var gone = secrets.create("gone", Scope.USER, null);
        secrets.revoke(gone.id());

        Refusal refusal = assertThrows(Refusal.class, () -> secrets.rotate(gone.id(), Duration.ZERO));

        assertEquals(Refusal.Kind.CONFLICT, refusal.kind());
        assertEquals(
                "the secret '" + gone.id() + "' has ended; make a new one with secrets.create", refusal.getMessage());
    }

    @Test
    void a_secret_that_would_have_ended_already_is_refused() {
        Instant over = Instant.now().minusSeconds(1);

        Refusal refusal =
                assertThrows(Refusal.class, () -> live.supervisor().secrets().create("over", Scope.USER, over));

        assertEquals("expires_at is over already; give a time to come, or leave it out", refusal.getMessage());
    }

    @Test
    void the_next_secret_ends_when_the_one_before_would_have() {
        var secrets = live.supervisor().secrets();
        Instant end = Instant.now().plusSeconds(3600).truncatedTo(ChronoUnit.MILLIS);
        var first = secrets.create("bounded", Scope.USER, end);

        var next = secrets.rotate(first.id(), Duration.ZERO);

        assertEquals(
                end,
                secrets.all().stream()
                        .filter(secret -> secret.id().equals(next.id()))
                        .findFirst()
                        .orElseThrow()
                        .expiresAt());
    }

    @Test
    void of_two_rotations_at_once_one_is_refused() {
        var secrets = live.supervisor().secrets();
        var first = secrets.create("twice", Scope.USER, null);
        var rotations = Stream.generate(() -> CompletableFuture.supplyAsync(
                        () -> secrets.rotate(first.id(), Duration.ZERO), Thread::startVirtualThread))
                .limit(8)
                .toList();

        long made = rotations.stream()
                .filter(rotation -> rotation.handle((_, error) -> error == null).join())
                .count();

        assertEquals(1, made);
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
