package hero.supervisor.engine.sim;

/// A process: what is scheduled for it waits while it is stopped and is gone when it has died.
class Actor {
    int life = 1;
    boolean up = true;
    long stalledUntil;

    /// Ends this life: nothing that was scheduled for it happens.
    final void die() {
        up = false;
        life++;
        stalledUntil = 0;
    }
}
