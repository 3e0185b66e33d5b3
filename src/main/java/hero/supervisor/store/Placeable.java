package hero.supervisor.store;

import hero.supervisor.store.JobStore.Placing;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A write that may hand its job over to a runner in the same statement.
interface Placeable {
    /// Whom the job is for.
    String runner();

    Placing placing();

    /// How many of these, the first ones, need not wait for places. The others are for runners that have not asked
    /// for so many, and are about to. Each runner is looked at once, however many jobs are for it.
    static int placed(List<? extends Placeable> writes) {
        Map<String, Integer> rooms = new HashMap<>();
        for (int i = 0; i < writes.size(); i++) {
            Placeable write = writes.get(i);
            if (write.placing().isNear()) {
                int room = rooms.computeIfAbsent(
                        write.runner(), _ -> write.placing().room());
                if (room == 0) {
                    return i;
                }
                rooms.put(write.runner(), room - 1);
            }
        }
        return writes.size();
    }
}
