package hero.supervisor;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/// A port on 127.0.0.1 for a process that listens later. Below those that the kernel gives to outgoing connections
/// (32768 on Linux, 49152 elsewhere): one of these may be taken by a connection of anybody's before the process
/// listens, also by one to the port itself while nobody listens there.
public final class FreePort {
    private static final int FIRST = 20_000;
    private static final int END = 32_768;
    private static final int TRIES = 1000;

    private FreePort() {}

    /// One that nobody has now.
    public static int find() throws IOException {
        for (int i = 0; i < TRIES; i++) {
            int port = ThreadLocalRandom.current().nextInt(FIRST, END);
            try (ServerSocket socket = new ServerSocket()) {
                socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1);
                return port;
            } catch (IOException e) {
                // It is taken.
            }
        }
        throw new IOException("no port is free between " + FIRST + " and " + END);
    }
}
