package hero.supervisor.cli;

import hero.supervisor.app.Config;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The floors below, as they are.
final class Wired implements Floors {

    @Override
    public Gateway server(String url, @Nullable String secret) {
        throw new UnsupportedOperationException("server");
    }

    @Override
    public Gateway database(Config config) {
        throw new UnsupportedOperationException("app.SecretAdmin");
    }

    @Override
    public int dev(Config config, Path data, boolean once, Consumer<String> out) {
        throw new UnsupportedOperationException("app.Dev");
    }

    @Override
    public int serve(Config config, Consumer<String> out) {
        throw new UnsupportedOperationException("app.Supervisor");
    }

    @Override
    public int migrate(Config config, Migration what, Consumer<String> out) {
        throw new UnsupportedOperationException("store.Migrations");
    }

    @Override
    public int runner(RunnerOptions options, Consumer<String> out) {
        throw new UnsupportedOperationException("runner.Runner");
    }
}
