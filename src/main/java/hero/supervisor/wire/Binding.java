package hero.supervisor.wire;

import hero.supervisor.domain.Refusal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Brings every form of contract §3 to names: an object; positions in the order of the document; one object in an
/// array; either of the objects under the single name `params`; nothing.
final class Binding {
    private static final String PARAMS = "params";
    private static final int NEAR = 3;

    private Binding() {}

    static Params bind(MethodSpec method, @Nullable Object tree) {
        Map<String, @Nullable Object> members;
        if (tree instanceof List<?> positions) {
            members = positions.size() == 1 && positions.getFirst() instanceof Map<?, ?> one
                    ? unwrapped(one)
                    : byPosition(method, positions);
        } else if (tree instanceof Map<?, ?> object) {
            members = unwrapped(object);
        } else {
            members = Map.of();
        }
        for (String name : members.keySet()) {
            if (!method.takes(name)) {
                throw unknown(method.name(), "", name, method.names());
            }
        }
        // Sorted, so that the same call always misses the same name first.
        Set<String> required = new TreeSet<>((a, b) ->
                Integer.compare(method.names().indexOf(a), method.names().indexOf(b)));
        required.addAll(method.required());
        return new Params(method.name(), "", members, required);
    }

    static Map<String, @Nullable Object> unwrapped(Map<?, ?> object) {
        Object inner = object.size() == 1 ? object.get(PARAMS) : null;
        @SuppressWarnings("unchecked") // [Tree] makes maps with string keys only
        Map<String, @Nullable Object> members =
                (Map<String, @Nullable Object>) (inner instanceof Map<?, ?> wrapped ? wrapped : object);
        return members;
    }

    private static Map<String, @Nullable Object> byPosition(MethodSpec method, List<?> positions) {
        List<String> names = method.names();
        if (positions.size() > names.size()) {
            throw Refusal.invalid(
                            "",
                            method.name() + " takes "
                                    + (names.isEmpty()
                                            ? "no parameters"
                                            : "at most " + names.size() + " by position (" + String.join(", ", names)
                                                    + ")")
                                    + ", not " + positions.size())
                    .with("expected", names);
        }
        Map<String, @Nullable Object> members = new HashMap<>();
        for (int i = 0; i < positions.size(); i++) {
            members.put(names.get(i), positions.get(i));
        }
        return members;
    }

    /// The refusal of a name that means nothing there, with the nearest that does.
    static Refusal unknown(String owner, String path, String name, List<String> names) {
        String shown = Utf8.shown(name, 64);
        List<String> known = new ArrayList<>(names);
        if (path.isEmpty() && !known.contains(MethodSpec.SECRET)) {
            known.add(MethodSpec.SECRET);
        }
        String nearest = null;
        int distance = NEAR;
        for (String candidate : known) {
            int d = distance(shown, candidate);
            if (d < distance) {
                distance = d;
                nearest = candidate;
            }
        }
        String hint = nearest == null ? "" : "; did you mean '" + nearest + "'?";
        String takes =
                names.isEmpty() ? "" : (hint.isEmpty() ? "; it takes " : " It takes ") + String.join(", ", names);
        Refusal refusal = Refusal.invalid(
                path + "/" + Utf8.shown(name.replace("~", "~0").replace("/", "~1"), 64),
                owner + " has no " + (path.isEmpty() ? "parameter" : "member") + " '" + shown + "'" + hint + takes);
        return refusal.with("expected", names);
    }

    /// Levenshtein's distance.
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int corner = row[0];
            row[0] = i;
            for (int j = 1; j < row.length; j++) {
                int replaced = corner + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                corner = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }

    /// For messages: what a value is, never the value.
    static String typeOf(@Nullable Object value) {
        return switch (value) {
            case null -> "null";
            case String text -> "a string";
            case Number number -> "a number";
            case Boolean bool -> "true or false";
            case List<?> list -> "an array";
            default -> "an object";
        };
    }
}
