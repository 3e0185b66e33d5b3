package hero.supervisor.runner;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.junit.jupiter.api.Test;

final class MaskingTest {
    private static String masked(Map<String, String> envVars, String... pieces) {
        Masking masking = Masking.of(envVars);
        StringBuilder shown = new StringBuilder();
        for (String piece : pieces) {
            shown.append(masking.add(piece));
        }
        return shown.append(masking.end()).toString();
    }

    @Test
    void values_of_names_that_look_secret_are_masked() {
        Map<String, String> envVars = Map.of("api_key", "k-1234", "DbPassword", "hunter22", "MONTH", "january");
        assertEquals("*** and *** in january", masked(envVars, "k-1234 and hunter22 in january"));
    }

    @Test
    void a_value_is_masked_wherever_its_text_is_cut() {
        Map<String, String> envVars = Map.of("MY_TOKEN", "abcdabce");
        String text = "xabcdabcdabceyabcdabce";
        for (int i = 0; i <= text.length(); i++) {
            for (int k = i; k <= text.length(); k++) {
                assertEquals(
                        "xabcd***y***", masked(envVars, text.substring(0, i), text.substring(i, k), text.substring(k)));
            }
        }
    }

    @Test
    void of_two_that_begin_alike_the_longer_counts() {
        Map<String, String> envVars = Map.of("SECRET_A", "pass", "SECRET_B", "password");
        assertEquals("*** *** passw".replace("passw", "***w"), masked(envVars, "password pa", "ss pass", "w"));
    }

    @Test
    void short_values_are_no_secrets() {
        assertEquals("abc 1", masked(Map.of("KEY", "abc", "TOKEN", "1", "SECRET", ""), "abc 1"));
    }

    @Test
    void a_value_that_ends_with_a_line_end_is_masked_without_it_too() {
        assertEquals("[***]", masked(Map.of("CREDENTIAL", "from a file\n"), "[from a file]"));
    }

    @Test
    void what_may_become_a_secret_is_shown_at_the_end() {
        assertEquals("hunter", masked(Map.of("PASSWORD", "hunter22"), "hunter"));
    }
}
