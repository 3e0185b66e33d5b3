package hero.supervisor.store;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.junit.jupiter.api.Test;

class FlatJsonTest {
    @Test
    void what_is_written_is_read_and_what_postgres_writes_too() {
        Map<String, String> map = Map.of("a\"\\/\n\t\u0001é😀", "", "b", "{}, : x");
        assertEquals(map, FlatJson.read(String.valueOf(FlatJson.write(map))));
        assertEquals(Map.of(), FlatJson.read("{}"));
        assertEquals(Map.of("a", "\b\f\r1é", "c", "d"), FlatJson.read("{\"a\": \"\\b\\f\\r1\\u00e9\", \"c\": \"d\"}"));
    }
}
