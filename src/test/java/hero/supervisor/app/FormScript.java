package hero.supervisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import hero.supervisor.domain.Scope;
import hero.supervisor.wire.Json;
import hero.supervisor.wire.OpenRpcDocument;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Plays `rpc/live/methods.calls` in one of the four forms of parameters. A line `-->` holds a method and its
/// parameters by name, the line below what comes: `<--` the result, `<-!` code, kind and path of the error. `@`
/// stands for a word of the form, so that no two forms meet; `«time»` for a time of the server, `«id»` for an id
/// that it made.
final class FormScript {
    private static final String TIME = "\"20\\d\\d-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z\"";
    private static final String UUID = "\"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\"";

    /// How parameters are sent.
    enum Form {
        NAMES("-n"),
        POSITIONS("-p"),
        ARRAY("-a"),
        PARAMS("-o");

        private final String word;

        Form(String word) {
            this.word = word;
        }
    }

    private final LiveGateway live;
    private final Line line;
    private final Form form;
    private final Map<String, List<String>> orders = orders();

    FormScript(LiveGateway live, Line line, Form form) {
        this.live = live;
        this.line = line;
        this.form = form;
    }

    void play() throws IOException, InterruptedException {
        List<String> lines = lines();
        for (int i = 0; i < lines.size(); i++) {
            String text = lines.get(i);
            if (!text.startsWith("-->")) {
                continue;
            }
            int space = text.indexOf(' ', 4);
            String method = text.substring(4, space);
            Map<String, @Nullable Object> named = Told.object(Json.read(filled(text.substring(space + 1))));
            Object params = params(method, named);
            if (params != null) {
                String answer = line.exchange(LiveGateway.request("7", method, params));
                String at = form + ", line " + (i + 1) + ": " + answer;
                assertEquals(lines.get(i + 1).strip(), shown(answer), at);
            }
        }
    }

    private String shown(String answer) {
        Told told = Told.of(answer);
        if (!told.outcome().equals("ok")) {
            return ("<-! " + told.outcome()).replace(form.word, "@");
        }
        return "<-- "
                + Json.write(told.result())
                        .replace("\"2023-01-01T00:00:00Z\"", "«given»")
                        .replaceAll(TIME, "«time»")
                        .replace("«given»", "\"2023-01-01T00:00:00Z\"")
                        .replaceAll(UUID, "«id»")
                        .replace(form.word + "\"", "@\"");
    }

    private String filled(String text) {
        String filled = text.replace("@", form.word);
        for (Scope scope : Scope.values()) {
            filled = filled.replace("${" + scope.word() + "}", live.secret(scope));
        }
        return filled;
    }

    /// Null when the form cannot say it: a name that the method does not have has no position.
    private @Nullable Object params(String method, Map<String, @Nullable Object> named) {
        return switch (form) {
            case NAMES -> named;
            case ARRAY -> List.of(named);
            case PARAMS -> Map.of("params", named);
            case POSITIONS -> positions(orders.getOrDefault(method, List.of()), named);
        };
    }

    private static @Nullable Object positions(List<String> order, Map<String, @Nullable Object> named) {
        List<@Nullable Object> positions = new ArrayList<>();
        order.forEach(name -> positions.add(null));
        for (Map.Entry<String, @Nullable Object> entry : named.entrySet()) {
            int at = order.indexOf(entry.getKey());
            if (at < 0) {
                return null;
            }
            positions.set(at, entry.getValue());
        }
        while (!positions.isEmpty() && positions.getLast() == null) {
            positions.removeLast();
        }
        return positions;
    }

    /// The names of each method's parameters in the order of the document.
    private static Map<String, List<String>> orders() {
        Map<String, @Nullable Object> document =
                Told.object(Json.read(new String(OpenRpcDocument.load().bytes(), StandardCharsets.UTF_8)));
        Map<String, List<String>> orders = new LinkedHashMap<>();
        if (document.get("methods") instanceof List<?> methods) {
            for (Object method : methods) {
                Map<String, @Nullable Object> one = Told.object(method);
                orders.put(String.valueOf(one.get("name")), order(one.get("params")));
            }
        }
        return orders;
    }

    private static List<String> order(@Nullable Object params) {
        List<String> names = new ArrayList<>();
        if (params instanceof List<?> list) {
            for (Object param : list) {
                Map<String, @Nullable Object> one = Told.object(param);
                if ("params".equals(one.get("name"))
                        && Pointers.at(one, "/schema/properties") instanceof Map<?, ?> properties) {
                    properties.keySet().forEach(name -> names.add(String.valueOf(name)));
                } else if (!Boolean.TRUE.equals(one.get("x-by-name-only"))) {
                    names.add(String.valueOf(one.get("name")));
                }
            }
        }
        return names;
    }

    private static List<String> lines() {
        try (InputStream in = FormScript.class.getResourceAsStream("/rpc/live/methods.calls")) {
            if (in == null) {
                throw new IllegalStateException("the script is not there");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
