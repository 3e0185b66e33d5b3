package hero.supervisor.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Refusal;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RpcErrorTest {

    @ParameterizedTest
    @CsvSource({
        "INVALID_PARAMS,-32602,invalid_params",
        "UNAUTHORIZED,-32602,unauthorized",
        "FORBIDDEN,-32602,forbidden",
        "JOB_NOT_FOUND,-32000,job_not_found",
        "RUNNER_NOT_FOUND,-32001,runner_not_found",
        "CONFLICT,-32002,conflict",
        "STALE_ATTEMPT,-32003,stale_attempt",
        "WAIT_TIMEOUT,-32004,wait_timeout",
        "BUSY,-32005,busy",
        "TOO_LARGE,-32006,too_large",
        "SHUTTING_DOWN,-32007,shutting_down"
    })
    void every_refusal_has_the_code_of_the_contract(Refusal.Kind kind, int code, String word) {
        assertEquals(
                "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":" + code
                        + ",\"message\":\"why\",\"data\":{\"kind\":\"" + word
                        + "\",\"b\":1.5,\"a\":[\"x\",2],\"c\":true}}}",
                text(RpcError.of(
                        new Refusal(kind, "why")
                                .with("b", 1.5)
                                .with("a", List.of("x", 2))
                                .with("c", true),
                        () -> "unused")));
    }

    @Test
    void a_fault_of_ours_shows_its_reference_and_nothing_else() {
        assertEquals(
                "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32603,\"message\":\"internal error\","
                        + "\"data\":{\"kind\":\"internal\",\"reference\":\"k7\"}}}",
                text(RpcError.of(new IllegalStateException("select hsv_adm_1 from payload"), () -> "k7")));
    }

    @Test
    void codes_of_the_protocol_itself() {
        assertEquals(-32700, RpcError.notJson("x").code().number());
        assertEquals(-32600, RpcError.invalidRequest("x").code().number());
        assertEquals("duplicate_id", RpcError.duplicateId().kind());
        assertEquals(-32601, RpcError.unknownMethod("x").code().number());
        assertEquals(-32006, RpcError.tooLarge("x", "message_bytes", 1).code().number());
    }

    @Test
    void what_a_peer_sent_comes_back_short_and_well_formed() {
        RpcError error = RpcError.unknownMethod("\ud800" + "😀".repeat(5000));
        assertEquals(
                256, String.valueOf(error.data().get("method")).codePoints().count());
        String text = text(error);
        assertTrue(text.codePoints().count() < 1000, text);
        assertFalse(text.contains("\\ud800"), text);
        assertTrue(text(RpcError.of(Refusal.jobNotFound("x".repeat(100_000)), () -> ""))
                        .length()
                < 1200);
    }

    private static String text(RpcError error) {
        return new String(error.bytes(), StandardCharsets.UTF_8);
    }
}
