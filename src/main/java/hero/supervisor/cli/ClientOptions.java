package hero.supervisor.cli;

import hero.supervisor.domain.Scope;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// Options of every command that calls a server, and where its URL and secret come from. Mixed in by picocli.
final class ClientOptions {
    static final String URL_DEFAULT = "http://127.0.0.1:3030";

    /// How help tells the way URL and secret are found.
    static final String SERVER_IS =
            "The server is --url, else SUPERVISOR_URL, else that of .supervisor/dev.env in this folder, else";

    static final String URL_IS = URL_DEFAULT + ". The secret is --secret-file, else SUPERVISOR_SECRET, else";

    static final String SECRET_IS =
            "SUPERVISOR_USER_SECRET, SUPERVISOR_ADMIN_SECRET or SUPERVISOR_REGISTER_SECRET as the call needs,";

    static final String DEV_IS = "else those of .supervisor/dev.env, which are sent to the server of that file only.";

    @Option(
            names = "--url",
            paramLabel = "URL",
            description = "the server, such as https://supervisor.example.com; several of one system separated by"
                    + " commas: calls go on at the next one when one is lost or restarts")
    @Nullable
    String url;

    @Option(names = "--secret-file", paramLabel = "FILE", description = "file that holds the secret alone; - for stdin")
    @Nullable
    Path secretFile;

    @Option(names = "--json", description = "one JSON value on stdout, for programs")
    boolean json;

    /// Opens the server with the secret that suits `scope` best.
    Way open(Shell shell, Scope scope) {
        Target target = target(shell, scope);
        return shell.floors().server(target.url, target.secret);
    }

    /// Follows a stream of that server until `heard` says false.
    void watch(
            Shell shell, Scope scope, String method, Map<String, Object> params, Predicate<Map<String, Object>> heard) {
        Target target = target(shell, scope);
        shell.floors().watch(target.url, target.secret, method, params, heard);
    }

    private record Target(String url, @Nullable String secret) {}

    private Target target(Shell shell, Scope scope) {
        Map<String, String> dev = DevEnv.read(shell.folder());
        String named = url != null ? url : shell.variable("SUPERVISOR_URL").orElse(null);
        String devUrl = dev.get("SUPERVISOR_URL");
        String target = named != null ? named : devUrl != null ? devUrl : URL_DEFAULT;
        boolean devServer = target.equals(devUrl) || target.equals(dev.get("SUPERVISOR_WS_URL"));
        return new Target(target, secret(shell, scope, devServer ? dev : Map.of()));
    }

    private @Nullable String secret(Shell shell, Scope scope, Map<String, String> dev) {
        if (secretFile != null) {
            return secretOf(shell, secretFile);
        }
        if (shell.variable("SUPERVISOR_SECRET").isPresent()) {
            return shell.variable("SUPERVISOR_SECRET").get();
        }
        for (String name : names(scope)) {
            if (shell.variable(name).isPresent()) {
                return shell.variable(name).get();
            }
        }
        for (String name : names(scope)) {
            String value = dev.get(name);
            if (value != null) {
                return value;
            }
        }
        return null;
    }

    /// The narrowest secret that may do it, first.
    private static List<String> names(Scope scope) {
        List<String> names = new ArrayList<>();
        switch (scope) {
            case USER -> names.add("SUPERVISOR_USER_SECRET");
            case REGISTER -> names.add("SUPERVISOR_REGISTER_SECRET");
            case ADMIN -> {}
        }
        names.add("SUPERVISOR_ADMIN_SECRET");
        return names;
    }

    /// The secret that a file holds, without its line end. [Failed] when it is empty or several lines.
    static String secretOf(Shell shell, Path file) {
        String secret = shell.read(file).strip();
        if (secret.isEmpty() || secret.contains("\n")) {
            throw Failed.usage("the secret file " + file + " must hold one secret on one line");
        }
        return secret;
    }
}
