package hero.supervisor.check;

import java.util.List;
import java.util.stream.Stream;

/// All cases, in the order in which they are played. To add one is to add an item to one of these lists.
final class Cases {
    private Cases() {}

    static List<Case> all() {
        return Stream.of(
                        WorkCases.all(),
                        ResultCases.all(),
                        StopCases.all(),
                        ConnectionCases.all(),
                        LogCases.all(),
                        EndCases.all())
                .flatMap(List::stream)
                .toList();
    }
}
