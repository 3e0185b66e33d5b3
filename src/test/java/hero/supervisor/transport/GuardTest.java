package hero.supervisor.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;

import hero.supervisor.api.Peer;
import hero.supervisor.api.ReplyTo;
import hero.supervisor.domain.Grant;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Scope;
import hero.supervisor.transport.websocket.Denied;
import io.helidon.common.socket.PeerInfo;
import io.helidon.common.uri.UriQuery;
import io.helidon.http.HeaderNames;
import io.helidon.http.WritableHeaders;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.Principal;
import java.security.cert.Certificate;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Under which names a server is served, to whom.
final class GuardTest {
    private static final Answers ANSWERS = new Answers() {
        @Override
        public boolean answer(byte[] utf8, Peer peer, ReplyTo to) {
            throw new IllegalStateException("nothing is called");
        }

        @Override
        public byte[] refusal(int code, String kind, String message) {
            return (kind + ": " + message).getBytes(StandardCharsets.UTF_8);
        }
    };

    private record From(String host) implements PeerInfo {
        @Override
        public SocketAddress address() {
            return new InetSocketAddress(host, port());
        }

        @Override
        public int port() {
            return 40_000;
        }

        @Override
        public Optional<Principal> tlsPrincipal() {
            return Optional.empty();
        }

        @Override
        public Optional<Certificate[]> tlsCertificates() {
            return Optional.empty();
        }
    }

    private static Guard guard(String bind, String... hosts) {
        GatewaySettings settings =
                GatewaySettings.of(bind, 3030, Limits.DEFAULT).withAccess(Set.of(hosts), Set.of(), true);
        return new Guard(settings, bind.startsWith("127."), secret -> () -> new Grant("s", "s", Scope.USER), ANSWERS);
    }

    private static String judged(Guard guard, String from, String host, String... origin) {
        WritableHeaders<?> headers = WritableHeaders.create().set(HeaderNames.HOST, host);
        if (origin.length > 0) {
            headers.set(HeaderNames.ORIGIN, origin);
        }
        try {
            guard.judge(headers, UriQuery.empty(), List.of(), new From(from));
            return "served";
        } catch (Denied denied) {
            return denied.status() + " " + new String(denied.body(), StandardCharsets.UTF_8);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0.0.0.0, 127.0.0.1, localhost:3030",
        "0.0.0.0, 127.0.0.1, 127.0.0.1:3030",
        "0.0.0.0, 127.0.0.1, [::1]:3030",
        "::, ::1, [::1]:3030",
        "0.0.0.0, 10.0.0.9, supervisor.example",
        "10.0.0.5, 10.0.0.9, 10.0.0.5:3030",
        "10.0.0.5, 10.0.0.9, supervisor.example:3030",
        "fd00::5, fd00::9, [FD00::5]:3030",
        "gateway.internal, 10.0.0.9, gateway.internal:3030",
        "127.0.0.2, 127.0.0.1, localhost",
    })
    void besides_its_names_a_server_is_served_under_its_address_and_here_as_this_machine(
            String bind, String from, String host) {
        assertEquals("served", judged(guard(bind, "supervisor.example"), from, host));
    }

    @ParameterizedTest
    @CsvSource({
        "0.0.0.0, 127.0.0.1, evil.example",
        "0.0.0.0, 127.0.0.1, localhost.evil.example",
        "0.0.0.0, 127.0.0.1, 0.0.0.0:3030",
        "0.0.0.0, 10.0.0.9, localhost:3030",
        "0.0.0.0, 10.0.0.9, 127.0.0.1",
        "10.0.0.5, 10.0.0.9, [::1]",
        "10.0.0.5, 10.0.0.9, 10.0.0.6",
        "127.0.0.1, 127.0.0.1, evil.example",
    })
    void a_foreign_name_is_refused_and_a_loopback_name_from_elsewhere_too(String bind, String from, String host) {
        String judged = judged(guard(bind, "supervisor.example"), from, host);
        assertEquals("403 forbidden: this server is not served under the Host", judged.substring(0, 55), judged);
    }

    @Test
    void without_a_list_a_server_for_the_network_is_served_under_every_name() {
        assertEquals("served", judged(guard("0.0.0.0"), "10.0.0.9", "any.example"));
    }

    @Test
    void a_refusal_tells_the_setting_and_no_name_that_the_caller_did_not_send() {
        assertEquals(
                "403 forbidden: this server is not served under the Host 'evil.example'; call it by localhost"
                        + " or a name of its own, or add 'evil.example' to the setting hosts (--hosts)",
                judged(guard("10.0.0.5", "supervisor.example"), "127.0.0.1", "evil.example:80"));
        assertEquals(
                "403 forbidden: this server is not served under the Host 'evil.example'; call it by a name of"
                        + " its own, or add 'evil.example' to the setting hosts (--hosts)",
                judged(guard("0.0.0.0", "supervisor.example"), "10.0.0.9", "evil.example"));
        assertEquals(
                "403 forbidden: web pages of the Origin 'https://evil.example' may not call; add it to the setting"
                        + " origins (--origins)",
                judged(guard("127.0.0.1"), "127.0.0.1", "localhost", "https://evil.example"));
    }
}
