package hero.supervisor.app;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// JSON Pointers (RFC 6901) into plain trees, for tests.
final class Pointers {
    private Pointers() {}

    /// True when something, be it null, is at the place.
    static boolean has(@Nullable Object tree, String pointer) {
        int cut = pointer.lastIndexOf('/');
        Object parent = at(tree, pointer.substring(0, cut));
        String name = pointer.substring(cut + 1);
        return switch (parent) {
            case Map<?, ?> map -> map.containsKey(name);
            case List<?> list -> Integer.parseInt(name) < list.size();
            case null, default -> false;
        };
    }

    /// What is at the place; null when nothing is.
    static @Nullable Object at(@Nullable Object tree, String pointer) {
        Object at = tree;
        for (String name : pointer.substring(Math.min(1, pointer.length())).split("/", -1)) {
            if (!name.isEmpty()) {
                at = switch (at) {
                    case Map<?, ?> map -> map.get(name);
                    case List<?> list -> Integer.parseInt(name) < list.size() ? list.get(Integer.parseInt(name)) : null;
                    case null, default -> null;
                };
            }
        }
        return at;
    }

    /// The tree with another value at the place.
    static @Nullable Object with(@Nullable Object tree, String pointer, @Nullable Object value) {
        if (pointer.isEmpty()) {
            return value;
        }
        int end = pointer.indexOf('/', 1) < 0 ? pointer.length() : pointer.indexOf('/', 1);
        String name = pointer.substring(1, end);
        String rest = pointer.substring(end);
        if (tree instanceof List<?> list) {
            List<@Nullable Object> copy = new ArrayList<>(list);
            int index = Integer.parseInt(name);
            copy.set(index, with(copy.get(index), rest, value));
            return copy;
        }
        Map<String, @Nullable Object> copy = new LinkedHashMap<>(Told.object(tree));
        copy.put(name, with(copy.get(name), rest, value));
        return copy;
    }
}
