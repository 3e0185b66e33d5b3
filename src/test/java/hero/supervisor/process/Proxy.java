package hero.supervisor.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Forwards TCP to a port of this machine until it is told to swallow: then both sides keep their sockets and hear
/// nothing, as behind a firewall that forgot them. Safe for any thread.
final class Proxy implements AutoCloseable {
    private final int target;
    private final ServerSocket listener;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private boolean swallowing;
    private boolean closed;

    Proxy(int target) throws IOException {
        this.target = target;
        this.listener = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().name("proxy-" + target).start(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    /// From now on nothing passes in either direction; new connections are taken and hear nothing.
    void swallow(boolean on) {
        lock.lock();
        try {
            swallowing = on;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Connections that are open on both sides.
    int connections() {
        return sockets.size() / 2;
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket in = listener.accept();
                sockets.add(in);
                Thread.startVirtualThread(() -> connect(in));
            } catch (IOException e) {
                // Closed, or the peer was gone before it was taken.
            }
        }
    }

    private void connect(Socket in) {
        if (!awaitPassage()) {
            drop(in);
            return;
        }
        try {
            Socket out = new Socket(InetAddress.getLoopbackAddress(), target);
            sockets.add(out);
            in.setTcpNoDelay(true);
            out.setTcpNoDelay(true);
            Thread.startVirtualThread(() -> forward(out, in));
            forward(in, out);
        } catch (IOException e) {
            drop(in);
        }
    }

    private void forward(Socket from, Socket to) {
        byte[] buffer = new byte[16 << 10];
        try {
            InputStream input = from.getInputStream();
            OutputStream output = to.getOutputStream();
            for (int read = input.read(buffer); read >= 0 && awaitPassage(); read = input.read(buffer)) {
                output.write(buffer, 0, read);
            }
        } catch (IOException e) {
            // Ends like the connection that it is part of.
        } finally {
            awaitPassage();
            drop(from);
            drop(to);
        }
    }

    /// False when the proxy is closed.
    private boolean awaitPassage() {
        lock.lock();
        try {
            while (swallowing && !closed) {
                changed.awaitUninterruptibly();
            }
            return !closed;
        } finally {
            lock.unlock();
        }
    }

    private void drop(Socket socket) {
        sockets.remove(socket);
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        sockets.forEach(this::drop);
    }
}
