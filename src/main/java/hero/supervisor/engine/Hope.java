package hero.supervisor.engine;

/// Whether it is worth it that new jobs wait a moment for a runner's next pull. A runner may keep slots that it
/// does not ask for: then ever more batches in a row do not wait, up to [#GIVEN_UP_MAX], before another one does.
/// Guarded by the queue.
final class Hope {
    static final int GIVEN_UP_MAX = 63;

    /// How many batches that waited, one after another, got nothing.
    private int vain;
    /// How many more do not wait.
    private int givenUp;

    boolean isLeft() {
        return givenUp == 0;
    }

    /// A batch found a pull.
    void fulfilled() {
        vain = 0;
        givenUp = 0;
    }

    /// A batch found none, although there are slots that were not asked for.
    void disappointed() {
        if (givenUp > 0) {
            givenUp--;
        } else {
            givenUp = Math.min(GIVEN_UP_MAX, (1 << vain) - 1);
            vain = Math.min(vain + 1, Integer.SIZE - Integer.numberOfLeadingZeros(GIVEN_UP_MAX));
        }
    }
}
