package hero.supervisor.store;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

/// Stands before PostgreSQL and passes everything on but notifications, as a pooler in transaction mode seems to.
/// Source: PostgreSQL, message formats (NotificationResponse is `A`).
final class SwallowingPooler implements AutoCloseable {
    private final ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final CountDownLatch givenUp = new CountDownLatch(1);
    private final Database.Settings real;
    private final URI address;

    SwallowingPooler(Database.Settings real) throws IOException {
        this.real = real;
        this.address = URI.create(real.url().substring("jdbc:".length()));
        Thread.ofPlatform().daemon().start(this::serve);
    }

    /// The same database through here.
    Database.Settings settings() {
        String url = "jdbc:postgresql://127.0.0.1:" + server.getLocalPort() + address.getPath() + "?sslmode=disable";
        return new Database.Settings(url, real.user(), real.password(), real.poolSize());
    }

    /// Waits until a client has left its connection.
    void awaitGivenUp() throws InterruptedException {
        givenUp.await();
    }

    private void serve() {
        try {
            while (true) {
                Socket client = server.accept();
                Socket database = new Socket(address.getHost(), address.getPort());
                sockets.addAll(List.of(client, database));
                Thread.ofPlatform().daemon().start(() -> up(client, database));
                Thread.ofPlatform().daemon().start(() -> down(database, client));
            }
        } catch (IOException e) {
            // Closed.
        }
    }

    private void up(Socket client, Socket database) {
        try (database) {
            client.getInputStream().transferTo(database.getOutputStream());
        } catch (IOException e) {
            // Either side has gone.
        } finally {
            givenUp.countDown();
        }
    }

    private static void down(Socket database, Socket client) {
        try (client;
                InputStream in = database.getInputStream();
                OutputStream out = client.getOutputStream()) {
            var messages = new DataInputStream(in);
            while (true) {
                int type = messages.readByte();
                int length = messages.readInt();
                byte[] body = messages.readNBytes(length - 4);
                if (type != 'A') {
                    byte[] head = {
                        (byte) type,
                        (byte) (length >>> 24),
                        (byte) (length >>> 16),
                        (byte) (length >>> 8),
                        (byte) length
                    };
                    out.write(head);
                    out.write(body);
                    out.flush();
                }
            }
        } catch (IOException e) {
            // Either side has gone.
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
