package hero.supervisor.transport.websocket;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// A connection's socket, in non-blocking mode. Its bytes come by way of a [Poller]: either to the thread that
/// serves the connection and waits for them ([#read]), or, while that one rests ([#rest]), to whoever it has
/// named, on the poller's own thread. One of the two is at work at any time, never both.
final class Wire implements Outbox.Socket {
    /// Who has the bytes that come.
    private enum Mode {
        /// The connection's thread, which does something else: nothing is read, and the peer has to wait.
        BUSY,
        /// The connection's thread waits for them.
        WANTED,
        /// `ear` gets them, on the poller's thread.
        RESTING
    }

    private final SocketChannel channel;
    private final Poller poller;
    private final SelectionKey key;
    private volatile Mode mode = Mode.BUSY;
    private volatile @Nullable Thread reader;
    private volatile @Nullable Thread writer;
    private volatile boolean gone;

    // Written before the mode is, read after it.
    private @Nullable Predicate<byte[]> ear;
    private byte @Nullable [] chunk;

    Wire(SocketChannel channel, Poller poller) {
        this.channel = channel;
        this.poller = poller;
        this.key = poller.add(channel, this);
    }

    /// Waits for bytes, at least one; null when no more will come. For the connection's thread.
    byte @Nullable [] read() {
        await(Mode.WANTED);
        byte[] read = chunk;
        chunk = null;
        return read;
    }

    /// Lets `listener` have what comes until it says false. False when the connection has ended: `listener` may
    /// be at work then. For the connection's thread.
    boolean rest(Predicate<byte[]> listener) {
        ear = listener;
        await(Mode.RESTING);
        return mode == Mode.BUSY;
    }

    private void await(Mode wanted) {
        reader = Thread.currentThread();
        mode = wanted;
        ask(SelectionKey.OP_READ);
        while (mode != Mode.BUSY && !gone) {
            park();
        }
    }

    /// An interrupted thread ends its connection, as it does with any socket: it would not sleep again.
    private void park() {
        LockSupport.park(this);
        if (Thread.currentThread().isInterrupted()) {
            close();
        }
    }

    /// A socket that has ended in the meantime is waited for by nobody.
    private void ask(int operation) {
        try {
            key.interestOpsOr(operation);
            poller.look();
        } catch (CancelledKeyException e) {
            gone = true;
        }
    }

    /// On the poller's thread: the socket has something, or room for something.
    void ready(int operations, ByteBuffer buffer) {
        if ((operations & SelectionKey.OP_WRITE) != 0) {
            key.interestOpsAnd(~SelectionKey.OP_WRITE);
            wake(writer);
        }
        Mode now = mode;
        if ((operations & SelectionKey.OP_READ) == 0 || now == Mode.BUSY) {
            return;
        }
        boolean on = now == Mode.RESTING && heard(buffer);
        if (now == Mode.WANTED) {
            chunk = take(buffer);
            on = !gone && chunk == null;
        }
        if (!on) {
            key.interestOpsAnd(~SelectionKey.OP_READ);
            mode = Mode.BUSY;
            wake(reader);
        }
    }

    private boolean heard(ByteBuffer buffer) {
        byte[] bytes = take(buffer);
        Predicate<byte[]> listener = ear;
        return bytes == null ? !gone : listener != null && listener.test(bytes);
    }

    /// Null when there was nothing after all, or when there will be nothing more: `gone` then.
    private byte @Nullable [] take(ByteBuffer buffer) {
        buffer.clear();
        int count;
        try {
            count = channel.read(buffer);
        } catch (IOException e) {
            count = -1;
        }
        if (count <= 0) {
            if (count < 0) {
                gone = true;
            }
            return null;
        }
        byte[] bytes = new byte[count];
        buffer.flip().get(bytes);
        return bytes;
    }

    @Override
    public int write(byte[] bytes, int from, int length) {
        try {
            return channel.write(ByteBuffer.wrap(bytes, from, length));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// For one thread at a time.
    @Override
    public void awaitRoom() {
        writer = Thread.currentThread();
        try {
            ask(SelectionKey.OP_WRITE);
            while (channel.isOpen() && key.isValid() && (key.interestOps() & SelectionKey.OP_WRITE) != 0) {
                park();
            }
        } catch (CancelledKeyException e) {
            gone = true;
        } finally {
            writer = null;
        }
    }

    /// Ends the connection; whoever waits is let go. May be called more than once.
    void close() {
        gone = true;
        try {
            channel.close();
        } catch (IOException e) {
            // The peer was faster.
        }
        poller.look();
        wake(reader);
        wake(writer);
    }

    private static void wake(@Nullable Thread thread) {
        if (thread != null) {
            LockSupport.unpark(thread);
        }
    }
}
