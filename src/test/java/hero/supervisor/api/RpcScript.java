package hero.supervisor.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A conversation that anyone can read, to be played against any endpoint that serves [ScriptMethods]: the
/// dispatcher itself, HTTP, WebSocket. `-->` is sent as it stands, `<--` must come back byte for byte; a message
/// without a `<--` must stay without an answer. `#` begins a comment. `«300×[»` stands for 300 brackets, `«hex
/// FF»` for that byte.
public final class RpcScript {
    /// Played over every transport.
    public static final List<String> ALL =
            List.of("requests.rpc", "params.rpc", "errors.rpc", "batches.rpc", "broken.rpc");

    /// Only where a message may hold any byte: HTTP (a WebSocket closes with 1007).
    public static final String BYTES = "bytes.rpc";

    private static final Pattern MACRO = Pattern.compile("«(?:(\\d+)×([^»]+)|hex ([0-9A-F]+))»");

    private final String name;
    private final List<Exchange> exchanges;

    private RpcScript(String name, List<Exchange> exchanges) {
        this.name = name;
        this.exchanges = exchanges;
    }

    /// @param message with its macros
    /// @param reply null when nothing may come back
    record Exchange(int line, String message, @Nullable String reply) {}

    /// One way to send a message and get its answer.
    @FunctionalInterface
    public interface Player {
        /// Null when nothing comes back.
        byte @Nullable [] exchange(byte[] message) throws Exception;
    }

    /// A script of `src/test/resources/rpc`.
    public static RpcScript resource(String name) {
        try (InputStream in = RpcScript.class.getResourceAsStream("/rpc/" + name)) {
            if (in == null) {
                throw new IllegalArgumentException("no script " + name);
            }
            return new RpcScript(
                    name,
                    exchanges(new String(in.readAllBytes(), StandardCharsets.UTF_8)
                            .lines()
                            .toList()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Sends every message in order and compares every answer.
    public void play(Player player) throws Exception {
        for (Exchange exchange : exchanges) {
            byte[] reply = player.exchange(expand(exchange.message()));
            assertEquals(
                    exchange.reply(),
                    reply == null ? null : new String(reply, StandardCharsets.UTF_8),
                    () -> name + ":" + exchange.line());
        }
    }

    private static List<Exchange> exchanges(List<String> lines) {
        List<Exchange> exchanges = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            if (line.startsWith("-->")) {
                String next = i + 1 < lines.size() ? lines.get(i + 1) : "";
                String reply = next.startsWith("<--")
                        ? new String(expand(next.substring(3).strip()), StandardCharsets.UTF_8)
                        : null;
                exchanges.add(new Exchange(i + 1, line.substring(line.length() > 3 ? 4 : 3), reply));
            } else {
                boolean known = line.isBlank() || line.startsWith("#") || line.startsWith("<--");
                assertTrue(known, "line " + (i + 1) + " is neither -->, <-- nor #");
            }
        }
        return exchanges;
    }

    static byte[] expand(String text) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Matcher macro = MACRO.matcher(text);
        int from = 0;
        while (macro.find()) {
            out.writeBytes(text.substring(from, macro.start()).getBytes(StandardCharsets.UTF_8));
            String times = macro.group(1);
            out.writeBytes(
                    times == null
                            ? HexFormat.of().parseHex(macro.group(3))
                            : macro.group(2).repeat(Integer.parseInt(times)).getBytes(StandardCharsets.UTF_8));
            from = macro.end();
        }
        out.writeBytes(text.substring(from).getBytes(StandardCharsets.UTF_8));
        return out.toByteArray();
    }
}
