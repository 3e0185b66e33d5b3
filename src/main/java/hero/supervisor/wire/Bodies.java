package hero.supervisor.wire;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.time.Instant;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Bodies from values, for floors that know no JSON.
public final class Bodies {
    private Bodies() {}

    public static Body text(@Nullable String text) {
        return text == null ? Body.NULL : out -> out.writeString(text);
    }

    public static Body number(long number) {
        return out -> out.writeNumber(number);
    }

    /// 300 as `300`, 1.5 as `1.5`.
    public static Body number(double number) {
        return out -> writeNumber(out, number);
    }

    public static Body bool(boolean value) {
        return out -> out.writeBoolean(value);
    }

    /// RFC 3339, UTC.
    public static Body instant(@Nullable Instant at) {
        return text(at == null ? null : at.toString());
    }

    public static Body list(List<? extends Body> items) {
        List<Body> copy = List.copyOf(items);
        return out -> writeList(out, copy.iterator());
    }

    public static Body texts(Iterable<String> items) {
        return out -> {
            out.writeStartArray();
            for (String item : items) {
                out.writeString(item);
            }
            out.writeEndArray();
        };
    }

    /// An array that is made while it is written, in constant memory. Written once.
    public static Body stream(Iterator<? extends Body> items) {
        return new Body() {
            @Override
            public void write(JsonGenerator out) throws IOException {
                writeList(out, items);
            }

            @Override
            public boolean streams() {
                return true;
            }
        };
    }

    /// The members in the order of the map.
    public static Body object(Map<String, ? extends Body> members) {
        Map<String, Body> copy = new LinkedHashMap<>(members);
        return out -> {
            out.writeStartObject();
            for (Map.Entry<String, Body> member : copy.entrySet()) {
                out.writeFieldName(member.getKey());
                member.getValue().write(out);
            }
            out.writeEndObject();
        };
    }

    /// A plain tree: maps, lists, strings, numbers, booleans, null.
    public static Body tree(@Nullable Object tree) {
        return out -> Json.MAPPER.writeValue(out, tree);
    }

    /// JSON text that is passed on as it is.
    static Body raw(String json) {
        return out -> out.writeRawValue(json);
    }

    static void writeList(JsonGenerator out, Iterator<? extends Body> items) throws IOException {
        out.writeStartArray();
        while (items.hasNext()) {
            items.next().write(out);
        }
        out.writeEndArray();
    }

    static void writeNumber(JsonGenerator out, double number) throws IOException {
        if (number == Math.rint(number) && Math.abs(number) < 1e15) {
            out.writeNumber((long) number);
        } else {
            out.writeNumber(number);
        }
    }
}
