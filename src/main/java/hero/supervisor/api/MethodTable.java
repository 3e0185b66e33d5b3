package hero.supervisor.api;

import hero.supervisor.wire.MethodSpec;
import hero.supervisor.wire.OpenRpcDocument;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Every method by its exact name: a plain map, no reflection. Immutable.
public final class MethodTable {
    private final Map<String, Entry> entries;

    private MethodTable(Map<String, Entry> entries) {
        this.entries = Map.copyOf(entries);
    }

    /// @param prompt the same without blocking; null when it cannot be
    record Entry(
            MethodSpec spec,
            Access access,
            Handler handler,
            @Nullable Prompt prompt) {}

    /// A table to be filled with exactly the methods of the document.
    public static Lines of(OpenRpcDocument document) {
        return new Lines(document.methods());
    }

    @Nullable
    Entry find(String method) {
        return entries.get(method);
    }

    /// One line per method, in the order of the document.
    public static final class Lines {
        private final Map<String, MethodSpec> documented;
        private final Map<String, Entry> entries = new HashMap<>();
        private final List<String> faults = new ArrayList<>();

        private Lines(Map<String, MethodSpec> documented) {
            this.documented = documented;
        }

        public Lines on(String method, Access access, Handler handler) {
            return add(method, access, handler, null);
        }

        /// One that never blocks.
        public Lines prompt(String method, Access access, Prompt prompt) {
            return add(method, access, call -> prompt.begin(call).join(call), prompt);
        }

        private Lines add(String method, Access access, Handler handler, @Nullable Prompt prompt) {
            MethodSpec spec = documented.get(method);
            if (spec == null) {
                faults.add(method + " is not in openrpc.json");
            } else if (entries.put(method, new Entry(spec, access, handler, prompt)) != null) {
                faults.add(method + " stands twice in the table");
            }
            return this;
        }

        /// `IllegalStateException` when table and document differ; it names each difference.
        public MethodTable build() {
            for (String method : documented.keySet()) {
                if (!entries.containsKey(method)) {
                    faults.add(method + " is in openrpc.json, but not in the table");
                }
            }
            if (!faults.isEmpty()) {
                throw new IllegalStateException(String.join("; ", faults));
            }
            return new MethodTable(entries);
        }
    }
}
