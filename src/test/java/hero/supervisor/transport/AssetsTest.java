package hero.supervisor.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.transport.TestGateway.Setup;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// `/console` and `/client.js` of contract §1, over HTTP.
class AssetsTest {
    private static final Path FOLDER = Path.of("src/main/resources/console");
    private static final String LISTED = "https://pages.example";
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static TestGateway server;

    @BeforeAll
    static void start() {
        server = new TestGateway(Setup.standard().withOrigins(LISTED), (text, peer) -> TestGateway.reply(text));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static HttpResponse<byte[]> ask(String method, String path, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .method(method, HttpRequest.BodyPublishers.noBody());
        if (headers.length > 0) {
            request.headers(headers);
        }
        return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    private static String header(HttpResponse<?> answer, String name) {
        return answer.headers().firstValue(name).orElse("");
    }

    private static String path(String file) {
        return switch (file) {
            case "index.html" -> "/console";
            case "client.js" -> "/client.js";
            default -> "/console/" + file;
        };
    }

    @Test
    void every_file_is_served_as_what_it_is() throws Exception {
        TreeSet<String> types = new TreeSet<>();
        for (String file : files()) {
            HttpResponse<byte[]> answer = ask("GET", path(file));
            assertEquals(200, answer.statusCode(), file);
            assertArrayEquals(Files.readAllBytes(FOLDER.resolve(file)), answer.body(), file);
            assertEquals("nosniff", header(answer, "x-content-type-options"), file);
            assertTrue(header(answer, "content-security-policy").contains("default-src 'self'"), file);
            types.add(file.substring(file.lastIndexOf('.')) + " " + header(answer, "content-type"));

            HttpResponse<byte[]> head = ask("HEAD", path(file));
            assertEquals(String.valueOf(answer.body().length), header(head, "content-length"), file);
            assertEquals(0, head.body().length, file);
            String tag = header(answer, "etag");
            assertEquals(304, ask("GET", path(file), "If-None-Match", tag).statusCode(), file);
            assertEquals(304, ask("GET", path(file), "If-None-Match", "*").statusCode(), file);
            assertEquals(
                    200, ask("GET", path(file), "If-None-Match", "\"other\"").statusCode(), file);
        }
        assertEquals(
                "[.css text/css; charset=utf-8, .html text/html; charset=utf-8, .js text/javascript; charset=utf-8,"
                        + " .svg image/svg+xml]",
                types.toString());
    }

    private static List<String> files() throws Exception {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void all_that_a_page_loads_is_served_and_no_policy_keeps_it_away() throws Exception {
        Pattern loaded = Pattern.compile("(?:src|href)=\"(/[^\"]+)\"|from \"([^\"]+)\"");
        for (String file : files()) {
            String text = Files.readString(FOLDER.resolve(file));
            for (MatchResult found : loaded.matcher(text).results().toList()) {
                String name = found.group(1) == null ? found.group(2) : found.group(1);
                String target = name.startsWith("./") ? "/console/" + name.substring(2) : name;
                boolean example = file.equals("client.js");
                assertTrue(example || ask("GET", target).statusCode() == 200, file + " loads " + target);
            }
            assertFalse(
                    file.endsWith(".html")
                            && Pattern.compile("<script(?![^>]*src=)|<style|\\son\\w+=|style=")
                                    .matcher(text)
                                    .find(),
                    "the Content-Security-Policy allows no script or style inside a page");
        }
    }

    @Test
    void the_root_leads_to_the_page() throws Exception {
        HttpResponse<byte[]> root = ask("GET", "/");
        assertEquals(302, root.statusCode());
        HttpResponse<byte[]> page = ask("GET", header(root, "location"));
        assertTrue(new String(page.body(), StandardCharsets.UTF_8).contains("<title>Hero Supervisor</title>"));
    }

    @Test
    void nothing_else_is_there() throws Exception {
        for (String path : List.of("/console/", "/console/nope.js", "/client.mjs")) {
            assertEquals(404, ask("GET", path).statusCode(), path);
        }
        assertEquals(404, ask("POST", "/console").statusCode());
    }

    @Test
    void pages_of_a_listed_origin_may_import_the_client_and_foreign_ones_may_not() throws Exception {
        assertEquals(LISTED, header(ask("GET", "/client.js", "Origin", LISTED), "access-control-allow-origin"));
        assertEquals(
                403, ask("GET", "/client.js", "Origin", "https://evil.example").statusCode());
    }
}
