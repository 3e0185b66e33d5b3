package hero.supervisor.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// A line on a terminal's stderr that counts the seconds of something long; nothing when nobody looks. Starts to
/// show after a second and is gone when closed.
final class Progress implements AutoCloseable {
    private final Shell shell;
    private final CountDownLatch done = new CountDownLatch(1);
    private final Thread painter;

    private Progress(Shell shell, String what) {
        this.shell = shell;
        this.painter = Thread.ofVirtual().unstarted(() -> paint(what));
    }

    static Progress show(Shell shell, String what) {
        Progress progress = new Progress(shell, what);
        if (shell.terminal()) {
            progress.painter.start();
        }
        return progress;
    }

    private void paint(String what) {
        try {
            for (int seconds = 1; !done.await(1, TimeUnit.SECONDS); seconds++) {
                shell.err().print("\r" + what + " " + seconds + " s ");
                shell.err().flush();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        shell.err().print("\r\u001b[K");
        shell.err().flush();
    }

    @Override
    public void close() {
        done.countDown();
        if (!shell.terminal()) {
            return;
        }
        try {
            painter.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
