package hero.supervisor.check;

import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Time;
import hero.supervisor.wire.Arguments;
import hero.supervisor.wire.Message;
import hero.supervisor.wire.RpcError;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Reads the runner's messages. What a server refuses is refused here, and blamed.
///
/// @param heard takes each message that could be read
/// @param blame takes a sentence for each that could not
record Inlet(Said.Reader reader, Limits limits, Time time, Consumer<Heard> heard, Consumer<String> blame) {

    void take(Line line, String text) {
        Message message = Message.parse(text.getBytes(StandardCharsets.UTF_8), limits);
        if (message instanceof Message.Batch batch) {
            batch(line, batch);
        } else {
            take(line, message, line::send);
        }
    }

    /// Its answers go in one array.
    private void batch(Line line, Message.Batch batch) {
        long asked = batch.items().stream()
                .filter(item -> item instanceof Message.Call || item instanceof Message.Malformed)
                .count();
        List<String> answers = new ArrayList<>();
        Consumer<String> sink = answer -> {
            answers.add(answer);
            if (answers.size() == asked) {
                line.send("[" + String.join(",", answers) + "]");
            }
        };
        batch.items().forEach(item -> take(line, item, sink));
    }

    private void take(Line line, Message message, Consumer<String> sink) {
        switch (message) {
            case Message.Call call -> take(line, call.rawId(), call.method(), call.arguments(), sink);
            case Message.Notification told -> take(line, null, told.method(), told.arguments(), sink);
            case Message.Malformed malformed -> {
                blame.accept("the runner sent what is no JSON-RPC 2.0: "
                        + malformed.error().message());
                sink.accept(error(malformed.rawId(), malformed.error()));
            }
            case Message.Response response -> {}
            case Message.Batch inner -> {}
        }
    }

    private void take(Line line, @Nullable String rawId, String method, Arguments arguments, Consumer<String> sink) {
        Said said;
        try {
            said = reader.read(method, arguments);
        } catch (Refusal refusal) {
            RpcError error = RpcError.of(refusal, () -> "");
            blame.accept("a server refuses this runner's " + method + ": " + error.message());
            if (rawId != null) {
                sink.accept(error(rawId, error));
            }
            return;
        }
        heard.accept(new Heard(line, rawId, method, said, time.nanoTime(), sink));
    }

    private static String error(String rawId, RpcError error) {
        return Heard.error(rawId, error.code().number(), error.kind(), error.message(), error.data());
    }
}
