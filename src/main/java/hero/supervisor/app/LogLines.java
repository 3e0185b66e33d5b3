package hero.supervisor.app;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import ch.qos.logback.core.encoder.Encoder;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.KeyValuePair;

/// Writes the log to standard error on a thread of its own, many lines at once. Who logs never waits: while
/// nobody reads standard error, lines are kept up to a bound, then lost, the unimportant ones first; how many is
/// told in the log as soon as there is room, and in the metrics. Made by [LogSetup]. Safe for any thread.
public final class LogLines extends UnsynchronizedAppenderBase<ILoggingEvent> {
    /// Lines that may wait.
    static final int QUEUE_MAX = 8192;

    /// Below this many free places only warnings and errors are taken.
    private static final int RESERVED = QUEUE_MAX / 4;

    private static final int BATCH_MAX = 256;
    /// Between two batches: who logs would have to wake the writer for each line otherwise.
    private static final long GATHER_NANOS = 10_000_000;
    private static final long FLUSH_MS = 1000;

    private final OutputStream out;
    private final ArrayBlockingQueue<ILoggingEvent> queue = new ArrayBlockingQueue<>(QUEUE_MAX);
    private final LongAdder lost = new LongAdder();
    private final Thread writer = Thread.ofPlatform().daemon().name("log").unstarted(this::run);
    private volatile @Nullable Encoder<ILoggingEvent> encoder;
    private volatile boolean stopping;

    public LogLines() {
        this(new FileOutputStream(FileDescriptor.err));
    }

    LogLines(OutputStream out) {
        this.out = out;
    }

    /// The form of the lines; may be changed while they are written. Any thread.
    public void setEncoder(Encoder<ILoggingEvent> form) {
        encoder = form;
    }

    /// Lines that were lost so far.
    long lost() {
        return lost.sum();
    }

    @Override
    public void start() {
        if (!isStarted()) {
            super.start();
            writer.start();
        }
    }

    @Override
    protected void append(ILoggingEvent event) {
        // Not prepareForDeferredProcessing: it asks for a virtual thread's name by reflection, and no line has it.
        event.getFormattedMessage();
        boolean important = event.getLevel().isGreaterOrEqual(Level.WARN);
        if ((!important && queue.remainingCapacity() <= RESERVED) || !queue.offer(event)) {
            lost.increment();
        }
    }

    private void run() {
        List<ILoggingEvent> batch = new ArrayList<>();
        long told = 0;
        while (await(batch)) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            batch.forEach(event -> encode(event, bytes));
            batch.clear();
            try {
                bytes.writeTo(out);
                out.flush();
            } catch (IOException e) {
                // There is no other place where this could be said.
                lost.increment();
            }
            long now = lost.sum();
            if (now > told && queue.offer(loss(now - told))) {
                told = now;
            }
            gather();
        }
    }

    private void gather() {
        if (!stopping && queue.size() < BATCH_MAX) {
            LockSupport.parkNanos(GATHER_NANOS);
        }
    }

    /// False when stopped and nothing is left.
    private boolean await(List<ILoggingEvent> batch) {
        try {
            if (!stopping) {
                batch.add(queue.take());
            }
        } catch (InterruptedException e) {
            // The end: what is there is still written.
        }
        queue.drainTo(batch, BATCH_MAX);
        return !batch.isEmpty() || !stopping;
    }

    private void encode(ILoggingEvent event, ByteArrayOutputStream bytes) {
        Encoder<ILoggingEvent> form = encoder;
        if (form != null) {
            try {
                bytes.writeBytes(form.encode(event));
            } catch (RuntimeException e) {
                // A value whose toString fails must not end the log.
                lost.increment();
            }
        }
    }

    private ILoggingEvent loss(long lines) {
        var logger = ((LoggerContext) getContext()).getLogger(LogLines.class);
        LoggingEvent event = new LoggingEvent(
                LogLines.class.getName(),
                logger,
                Level.WARN,
                "log lines were lost: whoever reads standard error is too slow",
                null,
                null);
        event.addKeyValuePair(new KeyValuePair("lost", lines));
        return event;
    }

    /// Writes what waits, for a second at most.
    @Override
    public void stop() {
        if (!isStarted()) {
            return;
        }
        super.stop();
        stopping = true;
        writer.interrupt();
        try {
            writer.join(FLUSH_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
