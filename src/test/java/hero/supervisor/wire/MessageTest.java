package hero.supervisor.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class MessageTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0",
                "-0",
                "-1",
                "1.0",
                "1.10",
                "1e2",
                "1E+2",
                "1e400",
                "12345678901234567890",
                "0.1",
                "\"\"",
                "\"1\"",
                "\"\\u0041\"",
                "\"é😀\"",
                "\"\\\"\\\\\"",
                "\"\\ud800\"",
                "null"
            })
    void an_id_is_kept_as_it_stands_in_the_source(String id) {
        for (String text : new String[] {
            "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":" + id + "}",
            "{ \"é\" : [ \"é\" ] , \"id\" :\t" + id + " , \"method\":\"m\",\n\"jsonrpc\":\"2.0\"}",
            "[{\"id\":" + id + ",\"jsonrpc\":\"2.0\",\"method\":\"m\"}]"
        }) {
            Message message = Given.parse(text);
            Message item =
                    message instanceof Message.Batch batch ? batch.items().getFirst() : message;
            assertEquals(id, assertInstanceOf(Message.Call.class, item).rawId(), text);
        }
    }

    @Test
    void an_id_longer_than_the_parser_s_buffers_is_no_id() {
        Message message = Given.parse("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":\"" + "é".repeat(100_000) + "\"}");
        Message.Malformed malformed = assertInstanceOf(Message.Malformed.class, message);
        assertEquals(Message.NO_ID, malformed.rawId());
        assertEquals(RpcError.Code.INVALID_REQUEST, malformed.error().code());
    }

    @Test
    void ids_are_measured_in_bytes_of_their_source() {
        assertInstanceOf(
                Message.Call.class,
                Given.parse("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":\"" + "é".repeat(128) + "\"}"));
        assertInstanceOf(
                Message.Malformed.class,
                Given.parse("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":\"" + "é".repeat(129) + "\"}"));
    }

    @Test
    void without_an_id_it_is_a_notification() {
        assertInstanceOf(Message.Notification.class, Given.parse("{\"jsonrpc\":\"2.0\",\"method\":\"m\"}"));
    }

    @Test
    void a_broken_notification_is_answered_since_it_is_no_request() {
        assertInstanceOf(Message.Malformed.class, Given.parse("{\"method\":\"m\"}"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[]",
                "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":null}",
                "{\"method\":\"m\"}",
                "[{\"jsonrpc\":\"2.0\",\"method\":\"m\"},1]"
            })
    void whatever_is_no_notification_wants_an_answer(String text) {
        assertTrue(Given.parse(text).wantsAnswer());
    }

    @Test
    void a_large_batch_wants_an_answer_and_notifications_alone_want_none() {
        String notification = "{\"jsonrpc\":\"2.0\",\"method\":\"m\"}";
        assertFalse(Given.parse(notification).wantsAnswer());
        assertFalse(Given.parse("{\"jsonrpc\":\"2.0\",\"result\":1,\"id\":1}").wantsAnswer());
        assertFalse(Given.parse("[" + (notification + ",").repeat(99) + notification + "]")
                .wantsAnswer());
        assertTrue(Given.parse("[" + (notification + ",").repeat(100) + notification + "]")
                .wantsAnswer());
    }

    @Test
    void a_large_batch_is_counted_but_not_kept() {
        Message.Batch batch = assertInstanceOf(Message.Batch.class, Given.parse("[" + "1,".repeat(199_999) + "1]"));
        assertEquals(200_000, batch.size());
        assertEquals(100, batch.items().size());
    }

    @ParameterizedTest
    @ValueSource(ints = {65, 1000, 200_000})
    void too_deep_is_said_whatever_the_depth(int depth) {
        for (String text : new String[] {
            "[".repeat(depth),
            "[".repeat(depth) + "]".repeat(depth),
            "{\"a\":".repeat(depth) + "1" + "}".repeat(depth),
            "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":1,\"x\":" + "[".repeat(depth - 1)
        }) {
            Message.Malformed malformed = assertInstanceOf(Message.Malformed.class, Given.parse(text));
            assertEquals(RpcError.Code.PARSE, malformed.error().code());
            assertEquals("depth", malformed.error().data().get("limit"));
        }
    }

    @Test
    void the_same_key_twice_spoils_the_whole_message_at_any_level() {
        for (String text : new String[] {
            "{\"id\":1,\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"m\"}",
            "{\"\\u0069d\":1,\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"m\"}",
            "[{\"jsonrpc\":\"2.0\",\"method\":\"m\"},{\"a\":1,\"a\":1}]",
            "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":[{\"a\":{\"b\":null,\"b\":null}}]}",
            "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"x\":{\"a\":1,\"a\":2}}"
        }) {
            Message.Malformed malformed = assertInstanceOf(Message.Malformed.class, Given.parse(text), text);
            assertEquals(RpcError.Code.PARSE, malformed.error().code());
        }
    }

    @Test
    void ten_thousand_keys_are_read() {
        StringBuilder text = new StringBuilder("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":1,\"params\":{");
        for (int i = 0; i < 10_000; i++) {
            text.append('"').append(i).append("\":1,");
        }
        assertInstanceOf(Message.Call.class, Given.parse(text + "\"last\":1}}"));
    }
}
