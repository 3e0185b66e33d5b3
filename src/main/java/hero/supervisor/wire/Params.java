package hero.supervisor.wire;

import hero.supervisor.domain.Refusal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The members of one JSON object of a call, read by name and type: the parameters themselves, or an object inside
/// them. Each getter refuses what it cannot take with the place as a JSON Pointer (RFC 6901) in `data.path`. A
/// member that is null counts as left out. Strings hold no NUL and no half surrogate pairs: PostgreSQL and UTF-8
/// have neither.
public final class Params {
    private final String owner;
    private final String path;
    private final Map<String, @Nullable Object> members;
    private final Set<String> required;

    /// @param owner for messages: the method's name, or the object's
    /// @param path JSON Pointer of this object; empty for the parameters themselves
    Params(String owner, String path, Map<String, @Nullable Object> members, Set<String> required) {
        this.owner = owner;
        this.path = path;
        this.members = members;
        this.required = required;
    }

    /// Refuses when a parameter that the document calls required is missing; a secret is never asked for here.
    public void requireAll() {
        for (String name : required) {
            if (!name.equals(MethodSpec.SECRET)) {
                present(name);
            }
        }
    }

    /// Refuses any member whose name is not among `names`.
    public void only(List<String> names) {
        for (String name : members.keySet()) {
            if (!names.contains(name)) {
                throw Binding.unknown(owner, path, name, names);
            }
        }
    }

    /// True when the member is there and not null.
    public boolean has(String name) {
        return members.get(name) != null;
    }

    public String text(String name) {
        Object value = present(name);
        return value instanceof String text && isClean(text) ? text : text(at(name), name, value);
    }

    public @Nullable String optionalText(String name) {
        Object value = members.get(name);
        return value == null ? null : text(name);
    }

    /// An id or a name: not empty, at most `charsMax` characters (code points), none of them a control character.
    public String name(String name, int charsMax) {
        return checkedName(name, text(name), charsMax);
    }

    public @Nullable String optionalName(String name, int charsMax) {
        String value = optionalText(name);
        return value == null ? null : checkedName(name, value, charsMax);
    }

    public boolean bool(String name, boolean otherwise) {
        Boolean value = optionalBool(name);
        return value == null ? otherwise : value;
    }

    public @Nullable Boolean optionalBool(String name) {
        Object value = members.get(name);
        if (value == null || value instanceof Boolean) {
            return (Boolean) value;
        }
        throw wrongType(at(name), name, "true or false", value);
    }

    /// A whole number from `min` to `max`; `1.0` and `1e2` are whole.
    public long integer(String name, long min, long max) {
        return integer(name, present(name), min, max);
    }

    public long integer(String name, long min, long max, long otherwise) {
        Object value = members.get(name);
        return value == null ? otherwise : integer(name, value, min, max);
    }

    /// A number above `above` and up to `max`, fractions allowed; null when left out.
    public @Nullable Double optionalNumber(String name, double above, double max) {
        Double number = number(name);
        if (number == null || (number > above && number <= max)) {
            return number;
        }
        throw invalid(name, name + " must be above " + plain(above) + " and at most " + plain(max))
                .with("above", above)
                .with("max", max);
    }

    /// Likewise, with `min` itself allowed.
    public @Nullable Double optionalNumberFrom(String name, double min, double max) {
        Double number = number(name);
        if (number == null || (number >= min && number <= max)) {
            return number;
        }
        throw invalid(name, name + " must be from " + plain(min) + " to " + plain(max))
                .with("min", min)
                .with("max", max);
    }

    private @Nullable Double number(String name) {
        Object value = members.get(name);
        if (value == null) {
            return null;
        } else if (!(value instanceof Number number)) {
            throw wrongType(at(name), name, "a number", value);
        } else {
            return number.doubleValue();
        }
    }

    public Params object(String name) {
        return object(at(name), name, present(name));
    }

    public @Nullable Params optionalObject(String name) {
        Object value = members.get(name);
        return value == null ? null : object(at(name), name, value);
    }

    /// An array of objects; empty when left out. Refuses more than `max`.
    public List<Params> objects(String name, int max) {
        List<Params> objects = new ArrayList<>();
        for (Object item : items(name, max)) {
            objects.add(object(at(name) + "/" + objects.size(), name + "[" + objects.size() + "]", item));
        }
        return objects;
    }

    /// An array of strings; empty when left out. Refuses more than `max`.
    public List<String> texts(String name, int max) {
        List<String> texts = new ArrayList<>();
        for (Object item : items(name, max)) {
            texts.add(text(at(name) + "/" + texts.size(), name + "[" + texts.size() + "]", item));
        }
        return texts;
    }

    /// An object whose members are all strings, in their order; null when left out. Refuses more than `max`.
    public @Nullable Map<String, String> optionalTexts(String name, int max) {
        Params object = optionalObject(name);
        if (object == null) {
            return null;
        }
        tooMany(name, object.members.size(), max);
        Map<String, String> texts = new LinkedHashMap<>();
        object.members.forEach((key, value) -> {
            String place = object.at(key);
            text(place, "the name of a member of " + name, key);
            texts.put(key, text(place, name + "." + key, value));
        });
        return texts;
    }

    /// A refusal that points at the member.
    public Refusal invalid(String name, String message) {
        return Refusal.invalid(at(name), message);
    }

    private String at(String name) {
        return path + "/" + name.replace("~", "~0").replace("/", "~1");
    }

    private Object present(String name) {
        Object value = members.get(name);
        if (value == null) {
            throw Refusal.invalid(at(name), owner + " needs " + name);
        }
        return value;
    }

    private String checkedName(String name, String value, int charsMax) {
        if (value.isEmpty()) {
            throw Refusal.invalid(at(name), name + " must not be empty");
        } else if (Utf8.isLonger(value, charsMax)) {
            throw Refusal.invalid(at(name), name + " must have at most " + charsMax + " characters")
                    .with("max", charsMax);
        } else if (hasControl(value)) {
            throw Refusal.invalid(at(name), name + " must not hold control characters, such as line ends");
        }
        return value;
    }

    private static boolean hasControl(String value) {
        for (int i = 0; i < value.length(); i++) {
            if (Character.isISOControl(value.charAt(i))) {
                return true;
            }
        }
        return false;
    }

    private static boolean isClean(String text) {
        return text.indexOf(0) < 0 && Utf8.loneSurrogate(text) < 0;
    }

    private static String text(String place, String name, @Nullable Object value) {
        if (!(value instanceof String text)) {
            throw wrongType(place, name, "a string", value);
        } else if (text.indexOf(0) >= 0) {
            throw Refusal.invalid(place, name + " must not hold the character NUL");
        } else if (Utf8.loneSurrogate(text) >= 0) {
            throw Refusal.invalid(place, name + " holds one half of a surrogate pair, which is no character");
        }
        return text;
    }

    private long integer(String name, Object value, long min, long max) {
        if (!(value instanceof Number number)) {
            throw wrongType(at(name), name, "a whole number", value);
        }
        double approximate = number.doubleValue();
        boolean whole = approximate == Math.rint(approximate) && Math.abs(approximate) <= Long.MAX_VALUE;
        if (whole && number.longValue() >= min && number.longValue() <= max) {
            return number.longValue();
        }
        String limits = max == Long.MAX_VALUE ? ", " + min + " or more" : " from " + min + " to " + max;
        throw Refusal.invalid(at(name), name + " must be a whole number" + limits)
                .with("min", min)
                .with("max", max);
    }

    private static Params object(String place, String name, @Nullable Object value) {
        if (!(value instanceof Map)) {
            throw wrongType(place, name, "an object", value);
        }
        @SuppressWarnings("unchecked") // [Tree] makes maps with string keys only
        Map<String, @Nullable Object> members = (Map<String, @Nullable Object>) value;
        return new Params(name, place, members, Set.of());
    }

    private List<?> items(String name, int max) {
        Object value = members.get(name);
        if (value == null) {
            return List.of();
        } else if (!(value instanceof List<?> items)) {
            throw wrongType(at(name), name, "an array", value);
        } else {
            tooMany(name, items.size(), max);
            return items;
        }
    }

    private void tooMany(String name, int size, int max) {
        if (size > max) {
            throw Refusal.invalid(at(name), name + " must have at most " + max + " members, not " + size)
                    .with("max", max);
        }
    }

    private static Refusal wrongType(String place, String name, String wanted, @Nullable Object value) {
        return Refusal.invalid(place, name + " must be " + wanted + ", not " + Binding.typeOf(value));
    }

    private static String plain(double number) {
        return number == Math.rint(number) ? Long.toString((long) number) : Double.toString(number);
    }
}
