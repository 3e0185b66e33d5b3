package hero.supervisor.engine;

import hero.supervisor.domain.Grant;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Scope;
import hero.supervisor.domain.SecretInfo;
import hero.supervisor.domain.Time;
import hero.supervisor.store.SecretStore;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/// Secrets: made, shown once, kept as SHA-256 (they have 256 random bits), looked up by that hash and compared in
/// constant time. A secret is `prefix` + 43 characters + 6 characters of checksum, so that a leak is recognised
/// and a typing error is refused without asking the database. Safe for any thread.
public final class Secrets {
    private static final String ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static final int BODY = 43;
    private static final int CHECK = 6;
    private static final long ANSWERED_NS = 200_000_000;

    private final SecretStore store;
    private final RandomGenerator random;
    private final Time time;
    private final Consumer<Set<String>> revoked;
    /// By hash; replaced as a whole by every refresh, so that it is never larger than the table.
    private volatile Map<String, SecretInfo> known = Map.of();
    /// When a call here ended them: its own connection may carry the secret, and is to hear the answer.
    private final Map<String, Long> justEnded = new ConcurrentHashMap<>();

    /// @param random must be cryptographically strong
    /// @param revoked hears the ids of secrets that ended, so that their connections are closed
    public Secrets(SecretStore store, RandomGenerator random, Time time, Consumer<Set<String>> revoked) {
        this.store = store;
        this.random = random;
        this.time = time;
        this.revoked = revoked;
    }

    /// A new secret, shown this once.
    public record Created(String id, String name, Scope scope, String secret) {}

    /// Refused when it would have ended already.
    public Created create(String name, Scope scope, @Nullable Instant expiresAt) {
        if (expiresAt != null && !expiresAt.isAfter(time.instant())) {
            throw Refusal.invalid("/expires_at", "expires_at is over already; give a time to come, or leave it out");
        }
        String secret = generate(scope);
        String id = newId();
        store.add(id, name, scope, hash(secret), expiresAt);
        return new Created(id, name, scope, secret);
    }

    private String newId() {
        return "sec_" + text(12);
    }

    /// Another secret of the same name and scope, which ends when the old one would have; the old one ends after
    /// `overlap`. Refused when there is none such, or it has ended.
    public Created rotate(String id, Duration overlap) {
        while (true) {
            SecretInfo old = store.findById(id).orElseThrow(() -> unknown(id));
            if (!old.isValid(time.instant())) {
                throw Refusal.conflict("the secret '" + id + "' has ended; make a new one with secrets.create");
            }
            String secret = generate(old.scope());
            String newId = newId();
            justEnded.put(id, time.nanoTime());
            if (store.rotate(old, time.instant().plus(overlap), newId, hash(secret))) {
                look();
                return new Created(newId, old.name(), old.scope(), secret);
            }
        }
    }

    /// Ends a secret now, its open connections within about a second.
    public void revoke(String id) {
        justEnded.put(id, time.nanoTime());
        if (!store.revoke(id) && store.findById(id).isEmpty()) {
            throw unknown(id);
        }
        look();
    }

    public List<SecretInfo> all() {
        return store.all();
    }

    private static Refusal unknown(String id) {
        return Refusal.invalid("/id", "there is no secret with the id '" + id + "'; secrets.list tells the ids");
    }

    /// What a secret proves. Refused with `unauthorized`, in the same words whatever is wrong with it.
    public Grant check(String secret) {
        return read(secret).get();
    }

    /// Reads a secret, which takes longer than to look it up. What comes back tells what it proves, as [#check]
    /// does, each time it is asked.
    public Supplier<Grant> read(String secret) {
        String hash = wellFormed(secret) ? hash(secret) : null;
        return () -> granted(hash);
    }

    private Grant granted(@Nullable String hash) {
        if (hash != null) {
            SecretInfo row = known.get(hash);
            if (row == null) {
                row = store.findByHash(hash).orElse(null);
            }
            if (row != null
                    && MessageDigest.isEqual(
                            row.hash().getBytes(StandardCharsets.US_ASCII), hash.getBytes(StandardCharsets.US_ASCII))
                    && row.isValid(time.instant())) {
                return new Grant(row.id(), row.name(), row.scope());
            }
        }
        throw new Refusal(
                Refusal.Kind.UNAUTHORIZED,
                "the secret is missing or not valid; send one as params.secret, as Authorization: Bearer, or by auth.login");
    }

    /// True when [#check] knows it without asking the database.
    public boolean atHand(String secret) {
        return wellFormed(secret) && known.containsKey(hash(secret));
    }

    /// Reads what was added, expired or revoked since. Tells of every secret that does not hold, again each time:
    /// a secret may have been shown and ended between two looks, and a connection may begin to carry it a moment
    /// after it ended.
    void refresh() {
        Set<String> ended = look();
        long now = time.nanoTime();
        justEnded.values().removeIf(at -> now - at >= ANSWERED_NS);
        ended.removeAll(justEnded.keySet());
        if (!ended.isEmpty()) {
            revoked.accept(ended);
        }
    }

    /// From here on only those that hold are known. Returns the ids of the others. One look after another: what
    /// was read before a secret ended must not take the place of what was read after that.
    private synchronized Set<String> look() {
        Map<String, SecretInfo> fresh = new HashMap<>();
        Set<String> ended = new HashSet<>();
        known.values().forEach(row -> ended.add(row.id()));
        Instant now = time.instant();
        for (SecretInfo row : store.current()) {
            if (row.isValid(now)) {
                fresh.put(row.hash(), row);
                ended.remove(row.id());
            } else {
                ended.add(row.id());
            }
        }
        known = Map.copyOf(fresh);
        return ended;
    }

    private String generate(Scope scope) {
        String body = scope.prefix() + text(BODY);
        return body + checksum(body);
    }

    /// Uniform over the alphabet: 43 of 62 letters are 256 bits.
    private String text(int length) {
        var text = new StringBuilder(length);
        for (int i = 0; i < length; i++) {
            text.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
        }
        return text.toString();
    }

    private static String checksum(String body) {
        var crc = new CRC32();
        crc.update(body.getBytes(StandardCharsets.UTF_8));
        var text = new StringBuilder();
        long left = crc.getValue();
        for (int i = 0; i < CHECK; i++) {
            text.append(ALPHABET.charAt((int) (left % ALPHABET.length())));
            left /= ALPHABET.length();
        }
        return text.toString();
    }

    static boolean wellFormed(String secret) {
        for (Scope scope : Scope.values()) {
            if (secret.startsWith(scope.prefix())
                    && secret.length() == scope.prefix().length() + BODY + CHECK) {
                String body = secret.substring(0, secret.length() - CHECK);
                return checksum(body).equals(secret.substring(secret.length() - CHECK));
            }
        }
        return false;
    }

    private static String hash(String secret) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
