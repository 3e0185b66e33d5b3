package hero.supervisor.cli;

import hero.supervisor.app.Config;
import hero.supervisor.app.SettingLayers;
import hero.supervisor.domain.Scope;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `supervisor secret …`: on the database itself when one is named, which is how the first secret comes to be;
/// else over the API.
@Command(
        name = "secret",
        description = "Create, list, rotate and revoke secrets.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  supervisor secret create --scope admin --name me",
            "  supervisor secret create --scope register --name gpu-runners --expires 2592000 --json",
            "  supervisor secret rotate 0198c0de-… --overlap 3600",
            "",
            "When SUPERVISOR_DB_URL is set these work on that database (with SUPERVISOR_DB_USER and SUPERVISOR_DB_PASSWORD),",
            "and bring an empty one up to date first. Otherwise they call a server and need an admin secret.",
            ClientOptions.SERVER_IS,
            ClientOptions.URL_IS,
            ClientOptions.SECRET_IS,
            ClientOptions.DEV_IS
        })
final class SecretCommand {
    private final Shell shell;

    SecretCommand(Shell shell) {
        this.shell = shell;
    }

    @Command(description = "Create a secret and show it, this once: only its hash is kept.")
    int create(
            @Mixin ClientOptions client,
            @Option(names = "--scope", required = true, paramLabel = "SCOPE", description = "admin, user or register")
                    String scope,
            @Option(names = "--name", required = true, paramLabel = "NAME", description = "what it is for") String name,
            @Option(names = "--expires", paramLabel = "SECONDS", description = "ends after so long; default: never")
                    @Nullable
                    Long expiresS) {
        Map<String, Object> params = new LinkedHashMap<>();
        params.put("scope", word(scope));
        params.put("name", name);
        if (expiresS != null) {
            params.put(
                    "expires_at", shell.time().instant().plusSeconds(expiresS).toString());
        }
        return shown(client, true, "secrets.create", params);
    }

    @Command(description = "List secrets: names, scopes and times, never the secrets themselves.")
    int list(@Mixin ClientOptions client) {
        try (Way way = open(client, false)) {
            Object secrets = way.call("secrets.list", Map.of());
            if (client.json || !(secrets instanceof List<?> rows)) {
                shell.json(secrets);
            } else {
                Plain.table(rows).forEach(shell::line);
            }
            return Exit.OK;
        }
    }

    @Command(description = "Replace a secret by a new one of the same name and scope, and show that.")
    int rotate(
            @Mixin ClientOptions client,
            @Parameters(paramLabel = "ID", description = "as 'secret list' tells it") String id,
            @Option(
                            names = "--overlap",
                            paramLabel = "SECONDS",
                            defaultValue = "0",
                            description = "the old one stays valid so long; default ${DEFAULT-VALUE}")
                    long overlapS) {
        return shown(client, false, "secrets.rotate", Map.of("id", id, "overlap_s", overlapS));
    }

    @Command(description = "End a secret now; connections that came with it are closed.")
    int revoke(
            @Mixin ClientOptions client,
            @Parameters(paramLabel = "ID", description = "as 'secret list' tells it") String id) {
        try (Way way = open(client, false)) {
            Object result = way.call("secrets.revoke", Map.of("id", id));
            if (client.json) {
                shell.json(result);
            }
            return Exit.OK;
        }
    }

    /// Of a new secret: for programs the whole, for people the secret on stdout and the rest on stderr, so that
    /// `$(supervisor secret create …)` is the secret.
    private int shown(ClientOptions client, boolean patient, String method, Map<String, Object> params) {
        try (Way way = open(client, patient)) {
            Object created = way.call(method, params);
            if (client.json || !(created instanceof Map<?, ?> map)) {
                shell.json(created);
                return Exit.OK;
            }
            shell.note(map.get("scope") + " secret '" + map.get("name") + "', id " + map.get("id")
                    + "; it is shown only this once:");
            shell.line(String.valueOf(map.get("secret")));
            return Exit.OK;
        }
    }

    /// `patient`: the first secret is made where the database may still be starting.
    private Way open(ClientOptions client, boolean patient) {
        if (client.url != null || shell.variable("SUPERVISOR_DB_URL").isEmpty()) {
            return client.open(shell, Scope.ADMIN);
        }
        SettingLayers settings = ServerOptions.settings(shell, Map.of(), null);
        return shell.floors().database(Config.of(patient ? settings : ServerOptions.prompt(settings)));
    }

    private static String word(String scope) {
        try {
            return Scope.of(scope).word();
        } catch (IllegalArgumentException e) {
            throw new Failed(Exit.USAGE, String.valueOf(e.getMessage()), e);
        }
    }
}
