package hero.supervisor.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EarSocketTest {
    @Test
    void a_look_takes_what_has_arrived_and_another_read_waits() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Socket ear = new EarSocket.Factory().createSocket()) {
            ear.connect(server.getLocalSocketAddress());
            InputStream in = ear.getInputStream();
            byte[] bytes = new byte[8];
            try (Socket mouth = server.accept()) {
                ear.setSoTimeout(1);
                SocketTimeoutException none = assertThrows(SocketTimeoutException.class, () -> in.read(bytes, 0, 8));
                assertEquals("nothing has arrived", none.getMessage());
                assertThrows(SocketTimeoutException.class, in::read);
                ear.setSoTimeout(0);
                Thread.ofVirtual().start(() -> write(mouth, "abc"));
                assertEquals('a', in.read());
                ear.setSoTimeout(1);
                assertEquals('b', in.read());
                assertEquals(1, in.read(bytes, 0, 8));
                assertThrows(SocketTimeoutException.class, in::read);
            }
        }
    }

    private static void write(Socket socket, String text) {
        try {
            socket.getOutputStream().write(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
