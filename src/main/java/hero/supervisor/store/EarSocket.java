package hero.supervisor.store;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import javax.net.SocketFactory;

/// The socket of a connection that hears notifications. When the driver (42.7) has read one, it looks whether
/// another one follows by a read of one millisecond, before it gives out the first. Here such a read takes what
/// has arrived, and waits for nothing. For one thread.
final class EarSocket extends Socket {
    private static final int LOOK_MS = 1;

    private volatile boolean looks;

    @Override
    public void setSoTimeout(int timeoutMs) throws SocketException {
        looks = timeoutMs == LOOK_MS;
        super.setSoTimeout(timeoutMs);
    }

    @Override
    public InputStream getInputStream() throws IOException {
        return new FilterInputStream(super.getInputStream()) {
            @Override
            public int read() throws IOException {
                look();
                return super.read();
            }

            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
                look();
                return super.read(bytes, offset, length);
            }

            private void look() throws IOException {
                if (looks && available() == 0) {
                    throw new SocketTimeoutException("nothing has arrived");
                }
            }
        };
    }

    /// What the driver is given the name of.
    public static final class Factory extends SocketFactory {
        @Override
        public Socket createSocket() {
            return new EarSocket();
        }

        @Override
        public Socket createSocket(String host, int port) {
            throw unconnectedOnly();
        }

        @Override
        public Socket createSocket(String host, int port, InetAddress local, int localPort) {
            throw unconnectedOnly();
        }

        @Override
        public Socket createSocket(InetAddress host, int port) {
            throw unconnectedOnly();
        }

        @Override
        public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) {
            throw unconnectedOnly();
        }

        private static UnsupportedOperationException unconnectedOnly() {
            return new UnsupportedOperationException("the driver connects its sockets itself");
        }
    }
}
