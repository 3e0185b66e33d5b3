package hero.supervisor.client;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The servers of one system, tried in turn, and how long to wait between two attempts. The pauses grow from 0.2
/// s to 15 s and are drawn from a whole window (half to full), so that many clients that lost the same server do
/// not come back at the same moment. One thread.
public final class Addresses {
    private static final long FIRST_MS = 200;
    private static final long LAST_MS = 15_000;
    private static final Pattern HINT = Pattern.compile("retry_after_ms\\D{1,4}(\\d{1,7})");

    private final List<URI> urls;
    private final RandomGenerator random;
    private int at;
    private int failures;

    public Addresses(List<URI> urls, RandomGenerator random) {
        if (urls.isEmpty()) {
            throw new IllegalArgumentException("at least one URL is needed");
        }
        this.urls = List.copyOf(urls);
        this.random = random;
    }

    /// True when there is another one to turn to.
    boolean several() {
        return urls.size() > 1;
    }

    /// Where to connect now.
    public URI current() {
        return urls.get(at);
    }

    /// A connection to [#current()] works: pauses start small again.
    public void reached() {
        failures = 0;
    }

    /// No connection to [#current()]; the next one's turn. Returns the pause before it: one step per round, so a
    /// server that is there is found soon however many are away.
    public Duration failed() {
        at = (at + 1) % urls.size();
        int round = failures++ / urls.size();
        return jittered(Math.min(LAST_MS, FIRST_MS << Math.min(round, 10)));
    }

    /// A working connection ended; `closed.reason()` may hold the server's hint, `retry_after_ms=N` (N up to 60
    /// s).
    public Duration lost(RpcClient.Closed closed) {
        Duration pause = failed();
        Matcher hint = HINT.matcher(closed.reason());
        return hint.find() ? jittered(Math.min(60_000, 2 * Long.parseLong(hint.group(1)))) : pause;
    }

    private Duration jittered(long ms) {
        return Duration.ofMillis(ms / 2 + random.nextLong(ms / 2 + 1));
    }
}
