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
    void a_statement_without_rows_is_refused() {
        String sql = "select unnest(array[1, 2])";
        assertEquals(
                "takes no rows: " + sql,
                assertThrows(IllegalArgumentException.class, () -> Sized.of(sql))
                        .getMessage());
    }
}
