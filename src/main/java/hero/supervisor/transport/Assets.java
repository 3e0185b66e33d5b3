package hero.supervisor.transport;

import io.helidon.common.media.type.MediaType;
import io.helidon.common.media.type.MediaTypes;
import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/// The files that browsers get: the console and the client for JavaScript. They are read from the class path once,
/// have no rights of their own, and need no secret, as they tell nothing. Safe for any thread.
final class Assets {
    static final String CONSOLE = "/console";
    static final String CLIENT = "/client.js";

    private static final String FOLDER = "/console/";
    private static final String PAGE = "index.html";
    /// All that is served: a file that is not named here does not exist.
    private static final List<String> FILES = List.of(
            PAGE,
            "console.css",
            "console.js",
            "page.js",
            "jobs.js",
            "job.js",
            "runners.js",
            "secrets.js",
            "api.js",
            "icon.svg");

    private Assets() {}

    static void route(HttpRouting.Builder routing) {
        for (String file : FILES) {
            serve(routing, file.equals(PAGE) ? CONSOLE : FOLDER + file, file);
        }
        serve(routing, CLIENT, CLIENT.substring(1));
    }

    private static void serve(HttpRouting.Builder routing, String path, String file) {
        byte[] body = read(file);
        MediaType type = type(file);
        String tag = tag(body);
        Handler handler = (request, response) -> answer(request, response, type, tag, body);
        routing.get(path, handler).head(path, handler);
    }

    private static void answer(
            ServerRequest request, ServerResponse response, MediaType type, String tag, byte[] body) {
        String origin = Routes.passage(request).origin();
        if (origin != null) {
            // A page of a listed origin may import the client.
            response.headers().set(HeaderNames.ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            response.headers().set(HeaderNames.VARY, "Origin");
        }
        response.headers().contentType(type);
        tagged(request, response, tag, body);
    }

    /// Sends `body`, or only says that the caller has it already.
    static void tagged(ServerRequest request, ServerResponse response, String tag, byte[] body) {
        response.headers().set(HeaderNames.ETAG, tag);
        response.headers().set(HeaderNames.CACHE_CONTROL, "no-cache");
        boolean known = request.headers()
                .first(HeaderNames.IF_NONE_MATCH)
                .filter(tags -> tags.contains(tag) || tags.strip().equals("*"))
                .isPresent();
        if (known) {
            response.status(Status.NOT_MODIFIED_304).send();
        } else {
            Pages.send(request, response, body);
        }
    }

    /// As `ETag` has it, quotes included.
    static String tag(byte[] bytes) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
            return '"' + HexFormat.of().formatHex(digest).substring(0, 32) + '"';
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    private static byte[] read(String file) {
        try (InputStream in = Assets.class.getResourceAsStream(FOLDER + file)) {
            if (in == null) {
                throw new IllegalStateException("the class path has no " + FOLDER + file);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + FOLDER + file + " of the class path", e);
        }
    }

    private static MediaType type(String file) {
        return switch (file.substring(file.lastIndexOf('.'))) {
            case ".html" -> MediaTypes.create("text/html; charset=utf-8");
            case ".css" -> MediaTypes.create("text/css; charset=utf-8");
            case ".js" -> MediaTypes.create("text/javascript; charset=utf-8");
            case ".svg" -> MediaTypes.create("image/svg+xml");
            default -> throw new IllegalArgumentException("no media type is known for " + file);
        };
    }
}
