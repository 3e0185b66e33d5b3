package hero.supervisor.wire;

import hero.supervisor.domain.Limits;
import java.util.List;

/// What one message of a peer is. Parsing runs nothing: a message that is cut, too deep or has a key twice is
/// malformed as a whole. Source: JSON-RPC 2.0 §4 to §6.
public sealed interface Message {

    /// The `id` of an answer when the question's id is unknown or was null.
    String NO_ID = "null";

    /// A request that wants an answer.
    ///
    /// @param rawId the id as it stands in the source text, byte for byte: `1.0` and `1` are two ids
    record Call(String rawId, String method, Arguments arguments) implements Message {}

    /// A request without an id: it is never answered, not even when it fails.
    record Notification(String method, Arguments arguments) implements Message {}

    /// An answer to something that was never asked: ignored.
    record Response() implements Message {}

    /// @param items the first [Limits#batchItems()] messages, in order; none of them is a batch
    /// @param size how many there were; 0 for `[]`
    record Batch(List<Message> items, int size) implements Message {}

    /// @param rawId the id to answer with, when one could be read
    record Malformed(String rawId, RpcError error) implements Message {}

    /// False when nothing in it is answered, whatever becomes of it.
    default boolean wantsAnswer() {
        return switch (this) {
            case Call call -> true;
            case Malformed malformed -> true;
            case Notification notification -> false;
            case Response response -> false;
            case Batch batch ->
                batch.size() == 0
                        || batch.size() > batch.items().size()
                        || batch.items().stream().anyMatch(Message::wantsAnswer);
        };
    }

    /// Reads UTF-8 JSON. Never throws.
    static Message parse(byte[] utf8, Limits limits) {
        return MessageReader.read(utf8, limits);
    }
}
