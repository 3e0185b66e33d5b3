package hero.supervisor.wire;

import hero.supervisor.domain.Limits;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;

/// Parameters and texts for the tests of this package.
final class Given {
    private Given() {}

    /// `params` as a method with these names receives them.
    static Params params(String json, String... names) {
        return bound(json, new MethodSpec("test.method", List.of(names), Set.of()));
    }

    static Params bound(String json, MethodSpec method) {
        Message message = parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"test.method\",\"params\":" + json + "}");
        if (message instanceof Message.Call call) {
            return call.arguments().bind(method);
        }
        throw new AssertionError("no call: " + message);
    }

    static Message parse(String json) {
        return Message.parse(json.getBytes(StandardCharsets.UTF_8), Limits.DEFAULT);
    }

    /// What a body writes.
    static String written(Body body) {
        String reply = new String(
                Replies.result("1", body, failure -> RpcError.of(failure, () -> "ref"))
                        .bytes(),
                StandardCharsets.UTF_8);
        String head = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":";
        if (!reply.startsWith(head)) {
            throw new AssertionError(reply);
        }
        return reply.substring(head.length(), reply.length() - 1);
    }
}
