package hero.supervisor.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Refusal;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ParamsTest {
    private static final MethodSpec START =
            new MethodSpec("job.start", List.of("secret", "job_id"), Set.of("secret", "job_id"));
    private static final MethodSpec LIST = new MethodSpec("list_runners", List.of(), Set.of());

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"secret\":\"s\",\"job_id\":\"j\"}",
                "[\"s\",\"j\"]",
                "[{\"secret\":\"s\",\"job_id\":\"j\"}]",
                "{\"params\":{\"secret\":\"s\",\"job_id\":\"j\"}}",
                "[{\"params\":{\"job_id\":\"j\",\"secret\":\"s\"}}]",
                "{\"secret\":\"s\",\"job_id\":\"j\",\"_meta\":{\"a\":1}}"
            })
    void every_form_means_the_same(String json) {
        Params params = Given.bound(json, START);
        params.requireAll();
        assertEquals("s", params.text("secret"));
        assertEquals("j", params.text("job_id"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"[]", "{}", "null", "{\"secret\":\"s\"}", "[{}]", "{\"params\":{}}", "[{\"secret\":\"s\"}]"})
    void a_method_without_parameters_takes_nothing_in_many_ways(String json) {
        Given.bound(json, LIST).requireAll();
    }

    @Test
    void a_missing_name_is_told_with_its_place_and_a_secret_never() {
        refused(
                "/job_id",
                "job.start needs job_id",
                () -> Given.bound("[]", START).requireAll());
        refused(
                "/job_id",
                "job.start needs job_id",
                () -> Given.bound("{\"job_id\":null}", START).requireAll());
        Given.bound("{\"job_id\":\"j\"}", START).requireAll();
    }

    @Test
    void an_unknown_name_is_told_with_the_nearest() {
        refused(
                "/jobid",
                "job.start has no parameter 'jobid'; did you mean 'job_id'? It takes secret, job_id",
                () -> Given.bound("{\"jobid\":\"j\"}", START));
        refused("/a~1b~0", "list_runners has no parameter 'a/b~'", () -> Given.bound("{\"a/b~\":1}", LIST));
        refused(
                "/params",
                "job.start has no parameter 'params'; it takes secret, job_id",
                () -> Given.bound("{\"params\":{},\"job_id\":\"j\"}", START));
    }

    @Test
    void too_many_positions_are_told_with_what_is_expected() {
        Refusal refusal = assertThrows(Refusal.class, () -> Given.bound("[1,2,3]", START));
        assertEquals(List.of("secret", "job_id"), refusal.data().get("expected"));
    }

    @Test
    void types_are_not_guessed() {
        Params params =
                Given.params("{\"a\":5,\"b\":\"x\",\"c\":[1],\"d\":{\"e\":1},\"f\":true}", "a", "b", "c", "d", "f");
        refused("/a", "a must be a string, not a number", () -> params.text("a"));
        refused("/b", "b must be true or false, not a string", () -> params.bool("b", true));
        refused("/b", "b must be a whole number, not a string", () -> params.integer("b", 0, 9));
        refused("/b", "b must be a number, not a string", () -> params.optionalNumber("b", 0, 9));
        refused("/c/0", "c[0] must be a string, not a number", () -> params.texts("c", 9));
        refused("/c/0", "c[0] must be an object, not a number", () -> params.objects("c", 9));
        refused(
                "/d/e",
                "e must be a string, not a number",
                () -> params.object("d").text("e"));
        refused("/d/e", "d.e must be a string, not a number", () -> params.optionalTexts("d", 9));
        refused("/f", "f must be an array, not true or false", () -> params.texts("f", 9));
        refused("/c", "c must be an object, not an array", () -> params.object("c"));
        refused("/c", "c must have at most 0 members, not 1", () -> params.texts("c", 0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "10", "1.0", "1e1", "0.0", "-0"})
    void whole_numbers_in_range_are_taken(String number) {
        assertEquals(
                (long) Double.parseDouble(number),
                Given.params("[" + number + "]", "n").integer("n", 0, 10));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"-1", "11", "0.5", "1e309", "-1e309", "9223372036854775808", "18446744073709551617", "1e19"})
    void other_numbers_are_refused_with_both_limits(String number) {
        refused(
                "/n",
                "n must be a whole number from 0 to 10",
                () -> Given.params("[" + number + "]", "n").integer("n", 0, 10));
    }

    @Test
    void a_number_without_an_upper_limit_of_ours_is_told_the_lower_one() {
        refused(
                "/n",
                "n must be a whole number, 0 or more",
                () -> Given.params("[-1]", "n").integer("n", 0, Long.MAX_VALUE));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "1e309", "100.5"})
    void a_number_stays_within_its_bounds(String number) {
        refused(
                "/n",
                "n must be above 0 and at most 100",
                () -> Given.params("[" + number + "]", "n").optionalNumber("n", 0, 100));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\\u0000", "\\u0000", "\\ud800", "x\\udc00", "\\udc00\\ud800", "\\ud83d\\ud83d\\ude00"})
    void what_no_database_holds_is_refused(String text) {
        assertThrows(
                Refusal.class, () -> Given.params("[\"" + text + "\"]", "t").text("t"));
    }

    @Test
    void names_of_members_are_judged_like_their_values() {
        assertThrows(
                Refusal.class,
                () -> Given.params("{\"m\":{\"a\\u0000\":\"\"}}", "m").optionalTexts("m", 9));
        assertEquals(
                Map.of("😀", "é"),
                Given.params("{\"m\":{\"\\ud83d\\ude00\":\"é\"}}", "m").optionalTexts("m", 9));
        // Half a pair in a name is no JSON for the parser already.
        assertInstanceOf(Message.Malformed.class, Given.parse("{\"\\ud800\":1}"));
    }

    @Test
    void names_are_bounded_and_hold_no_control_characters() {
        assertEquals("é", Given.params("[\"é\"]", "n").name("n", 1));
        refused("/n", "n must not be empty", () -> Given.params("[\"\"]", "n").name("n", 9));
        refused(
                "/n",
                "n must have at most 2 characters",
                () -> Given.params("[\"abc\"]", "n").name("n", 2));
        refused(
                "/n",
                "n must not hold control characters, such as line ends",
                () -> Given.params("[\"a\\n\"]", "n").name("n", 9));
    }

    @Test
    void a_character_is_a_code_point() {
        String most = "😀".repeat(255);
        assertEquals(most, Given.params("[\"" + most + "\"]", "n").name("n", 255));
        refused(
                "/n",
                "n must have at most 255 characters",
                () -> Given.params("[\"" + most + "😀\"]", "n").name("n", 255));
    }

    @Test
    void what_is_left_out_has_its_default() {
        Params params = Given.params("{\"a\":null}", "a", "b");
        assertFalse(params.has("a"));
        assertNull(params.optionalText("a"));
        assertNull(params.optionalNumber("b", 0, 1));
        assertTrue(params.bool("a", true));
        assertEquals(7, params.integer("b", 0, 9, 7));
        assertEquals(List.of(), params.texts("a", 1));
        assertNull(params.optionalTexts("a", 1));
    }

    @Test
    void members_keep_their_order() {
        Map<String, String> texts =
                Given.params("{\"m\":{\"z\":\"1\",\"a\":\"2\"}}", "m").optionalTexts("m", 2);
        assertEquals("{z=1, a=2}", String.valueOf(texts));
    }

    private static void refused(String path, String message, Executable call) {
        Refusal refusal = assertThrows(Refusal.class, call);
        assertEquals(message, refusal.getMessage());
        assertEquals(Refusal.Kind.INVALID_PARAMS, refusal.kind());
        assertEquals(path, refusal.data().get("path"));
    }
}
