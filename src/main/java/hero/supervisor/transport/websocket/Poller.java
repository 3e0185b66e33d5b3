package hero.supervisor.transport.websocket;

import hero.supervisor.domain.Time;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One thread that waits for many sockets, and reads what came on each of them. What it finds it hands to the
/// [Wire], which may begin short calls at once: no thread has to be woken for them (`docs/decisions/011`). Nothing
/// on this thread may block. Safe for any thread.
final class Poller implements AutoCloseable {
    /// One read at most.
    private static final int READ_BYTES = 64 << 10;
    private static final Logger LOG = LoggerFactory.getLogger(Poller.class);

    private final Selector selector;
    private final Time time;
    private volatile long turnedNs;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(READ_BYTES);

    Poller(String name, Time time) {
        this.time = time;
        this.turnedNs = time.nanoTime();
        try {
            this.selector = Selector.open();
        } catch (IOException e) {
            throw new UncheckedIOException("no selector to be had: too many open files?", e);
        }
        Thread.ofPlatform().daemon().name(name).start(this::run);
    }

    /// Puts a socket into non-blocking mode and takes it in; nothing is read before it is asked for.
    SelectionKey add(SocketChannel channel, Wire wire) {
        try {
            channel.configureBlocking(false);
            return channel.register(selector, 0, wire);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Looks again at what each socket waits for. Needed after a change of that, and after the end of a socket,
    /// whose file stays open until then.
    void look() {
        selector.wakeup();
    }

    /// When it last had looked at all. Not long ago if [#look] is called now and then, and nothing blocks it.
    long turnedNs() {
        return turnedNs;
    }

    private void run() {
        try {
            while (selector.isOpen()) {
                selector.select(this::ready);
                turnedNs = time.nanoTime();
            }
        } catch (ClosedSelectorException e) {
            LOG.atTrace().log("closed while it looked");
        } catch (IOException e) {
            LOG.atError().setCause(e).log("sockets can no longer be waited for");
        }
    }

    private void ready(SelectionKey key) {
        Wire wire = (Wire) key.attachment();
        try {
            wire.ready(key.readyOps(), buffer);
        } catch (CancelledKeyException e) {
            // It was closed just now.
            wire.close();
        } catch (RuntimeException | Error e) {
            LOG.atError().setCause(e).log("a socket's turn failed");
            wire.close();
        }
    }

    @Override
    public void close() {
        try {
            selector.close();
        } catch (IOException e) {
            LOG.atDebug().setCause(e).log("closing a selector failed");
        }
    }
}
