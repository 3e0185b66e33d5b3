package hero.supervisor.transport;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Places for calls at work on one connection. Unlike a semaphore it can be overdrawn, by calls that come back
/// from waiting, and closed. Safe for any thread.
final class Permits {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition free = lock.newCondition();
    private int left;
    private boolean shut;

    Permits(int count) {
        this.left = count;
    }

    /// Waits for a place. False when the connection has ended.
    boolean take() {
        lock.lock();
        try {
            while (left <= 0 && !shut) {
                free.awaitUninterruptibly();
            }
            if (shut) {
                return false;
            }
            left--;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /// Takes a place if there is one.
    boolean takeAtOnce() {
        lock.lock();
        try {
            boolean taken = left > 0 && !shut;
            if (taken) {
                left--;
            }
            return taken;
        } finally {
            lock.unlock();
        }
    }

    /// Takes a place at once, even one that is not there: the next [#take] waits longer.
    void force() {
        change(-1);
    }

    void give() {
        change(1);
    }

    /// Lets everybody go who waits.
    void shut() {
        lock.lock();
        try {
            shut = true;
            free.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void change(int by) {
        lock.lock();
        try {
            left += by;
            if (left > 0) {
                free.signal();
            }
        } finally {
            lock.unlock();
        }
    }
}
