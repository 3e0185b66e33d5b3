package hero.supervisor.store;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A statement for many rows, whose columns are arrays, and the same for one row, whose columns are plain
/// parameters: without arrays to pack and unpack, a job that comes alone costs less (`docs/decisions/018`).
/// [Columns#sized] gives rows to either.
record Sized(String many, String one) {
    private static final Pattern ARRAYS =
            Pattern.compile("unnest\\(((?:\\s*\\?::[a-z0-9]+\\[],?)+)\\)(\\s+with ordinality)?");

    /// @param many with `unnest(?::type[], …)`, with or without ordinality, in one place
    static Sized of(String many) {
        Matcher arrays = ARRAYS.matcher(many);
        if (!arrays.find()) {
            throw new IllegalArgumentException("takes no rows: " + many);
        }
        String ordinal = arrays.group(2) == null ? "" : ", 1::int8";
        String row = "(select " + arrays.group(1).replace("[]", "") + ordinal + ")";
        String one = many.substring(0, arrays.start()) + row + many.substring(arrays.end());
        if (arrays.find()) {
            throw new IllegalArgumentException("takes rows in two places: " + many);
        }
        return new Sized(many, one);
    }

    String of(int rows) {
        return rows == 1 ? one : many;
    }
}
