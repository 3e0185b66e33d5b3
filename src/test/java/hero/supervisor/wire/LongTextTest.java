package hero.supervisor.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LongTextTest {
    private interface Writing {
        void write(JsonGenerator out) throws IOException;
    }

    private static String json(Writing writing) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (JsonGenerator json = Json.MAPPER.getFactory().createGenerator(out, JsonEncoding.UTF8)) {
            json.enable(JsonGenerator.Feature.COMBINE_UNICODE_SURROGATES_IN_UTF8);
            json.writeStartObject();
            writing.write(json);
            json.writeEndObject();
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    private static void assertAsJackson(String text) throws IOException {
        assertEquals(json(out -> out.writeStringField("x", text)), json(out -> LongText.write(out, "x", text)));
    }

    @Test
    void it_writes_the_same_bytes_as_jackson() throws Exception {
        String clean = "The quick brown fox. ".repeat(20);
        for (String text : List.of(
                "",
                "short \"one\"",
                clean,
                "\n" + clean,
                clean + "\"",
                "\\\b\t\n\f\r\"/\u007f".repeat(30),
                "ä€😀\u2028\n".repeat(40))) {
            assertAsJackson(text);
        }
        StringBuilder all = new StringBuilder();
        for (char c = 0; c < 0x300; c++) {
            all.append(c);
        }
        assertAsJackson(all.toString());
    }

    @Test
    void it_does_so_whatever_the_text_holds() throws Exception {
        Random random = new Random(11);
        for (int i = 0; i < 2000; i++) {
            StringBuilder text = new StringBuilder();
            int length = random.nextInt(2000);
            boolean mostlyEscapes = random.nextInt(4) == 0;
            while (text.length() < length) {
                text.appendCodePoint(
                        switch (random.nextInt(mostlyEscapes ? 3 : 40)) {
                            case 0 -> random.nextInt(32);
                            case 1 -> '"';
                            case 2 -> '\\';
                            case 3 -> 0x1f600 + random.nextInt(40);
                            case 4 -> 0x80 + random.nextInt(0x700);
                            default -> 32 + random.nextInt(95);
                        });
            }
            assertAsJackson(text.toString());
        }
    }
}
