package hero.supervisor.api;

import hero.supervisor.domain.Limits;
import hero.supervisor.wire.Reply;
import java.io.ByteArrayOutputStream;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class RpcScriptTest {

    static Stream<String> scripts() {
        return Stream.concat(RpcScript.ALL.stream(), Stream.of(RpcScript.BYTES));
    }

    @ParameterizedTest
    @MethodSource("scripts")
    void every_answer_is_as_written(String script) throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Rpc rpc = new ScriptMethods().rpc(Limits.DEFAULT, threads, (method, outcome, took) -> {});
            RpcScript.resource(script).play(message -> {
                Reply reply = rpc.answer(message, new FakePeer());
                if (reply == null) {
                    return null;
                }
                ByteArrayOutputStream out = new ByteArrayOutputStream();
                reply.writeTo(out);
                return out.toByteArray();
            });
        }
    }
}
