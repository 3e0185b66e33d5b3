package hero.supervisor.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import hero.supervisor.domain.Time;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class WebSocketLinkTest {
    @Test
    void an_end_right_behind_a_message_is_noticed() throws Exception {
        var arrived = new CountDownLatch(1);
        var cut = new CountDownLatch(1);
        var ended = new CompletableFuture<Integer>();
        Link.Sink sink = new Link.Sink() {
            @Override
            public void received(long id, String text) {
                arrived.countDown();
                try {
                    cut.await(60, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }

            @Override
            public void failed(long id, RuntimeException why) {
                ended.completeExceptionally(why);
            }

            @Override
            public void ended(RpcClient.Closed closed) {
                ended.complete(closed.code());
            }
        };
        // Neither an ordinary ping nor the limit of silence can come in time.
        RpcSettings patient;
        try (var server = new FakeServer()) {
            patient = RpcSettings.of(server.url(), null).withSilence(Duration.ofHours(1), Duration.ofHours(1));
            var link = new WebSocketLink(patient, HttpClient.newHttpClient(), Time.system(), sink);
            link.open();
            link.send(1, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{}}");
            server.next("m").answer(null);
            arrived.await(30, TimeUnit.SECONDS);
            server.cut();
            // Nothing shows that the end has arrived at the JDK's client: give it the time.
            Awaitility.await().pollDelay(Duration.ofMillis(300)).until(() -> true);
            cut.countDown();
            assertEquals(1006, ended.get(60, TimeUnit.SECONDS));
            link.close();
        }
    }
}
