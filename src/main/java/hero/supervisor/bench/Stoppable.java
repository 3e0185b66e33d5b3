package hero.supervisor.bench;

/// A worker in a loop: it ends soon after it was told to, with its work complete. Any thread may tell it.
interface Stoppable extends Runnable {
    void stop();
}
