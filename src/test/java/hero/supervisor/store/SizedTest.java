package hero.supervisor.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

final class SizedTest {
    @Test
    void one_row_has_parameters_where_many_have_arrays() {
        Sized sized = Sized.of("select i.a from unnest(?::text[],\n  ?::int8[]) as i(a, b) where i.b > ?::int8");
        assertEquals("select i.a from (select ?::text,\n  ?::int8) as i(a, b) where i.b > ?::int8", sized.of(1));
        assertEquals(sized.many(), sized.of(2));
    }

    @Test
    void one_row_is_the_first() {
        Sized sized = Sized.of("select * from unnest(?::text[])\n  with ordinality as i(id, ord)");
        assertEquals("select * from (select ?::text, 1::int8) as i(id, ord)", sized.of(1));
    }

    @Test
    void a_statement_takes_rows_in_one_place() {
        String none = "select unnest(array[1, 2])";
        String two = "select unnest(?::text[]), unnest(?::int4[])";
        assertEquals("takes no rows: " + none, refusal(none));
        assertEquals("takes rows in two places: " + two, refusal(two));
    }

    private static String refusal(String sql) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, () -> Sized.of(sql))
                .getMessage());
    }
}
