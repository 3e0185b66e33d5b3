package hero.supervisor.store;

import hero.supervisor.domain.Job;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Tells whether two jobs of one id ask for the same: SHA-256 over everything that the caller decides, each value
/// with its length before it, so that no two contents share an encoding. `created_at` and `updated_at` are stamps,
/// not content: a repetition may carry newer ones.
final class Fingerprint {
    private static final MessageDigest SHA_256 = sha256();

    private byte[] bytes = new byte[512];
    private int size;

    private Fingerprint() {}

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /// In lower-case hex.
    static String of(Job job) {
        Job.Extras extras = job.extras();
        return new Fingerprint()
                .text(job.callerId())
                .text(job.contextId())
                .text(job.payload())
                .text(job.runner())
                .text(job.executor())
                .text(Double.toString(job.timeoutS()))
                .map(job.envVars())
                .number(extras.retries())
                .text(extras.retryDelayS() == null ? null : extras.retryDelayS().toString())
                .number(extras.priority())
                .text(extras.startAt())
                .map(extras.labels())
                .text(extras.atMostOnce() == null ? null : extras.atMostOnce().toString())
                .hex();
    }

    private Fingerprint length(int length) {
        room(Integer.BYTES);
        for (int shift = 24; shift >= 0; shift -= 8) {
            bytes[size++] = (byte) (length >> shift);
        }
        return this;
    }

    private void room(int more) {
        if (bytes.length - size < more) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + more));
        }
    }

    private Fingerprint text(@Nullable String value) {
        if (value == null) {
            return length(-1);
        }
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        length(utf8.length);
        room(utf8.length);
        System.arraycopy(utf8, 0, bytes, size, utf8.length);
        size += utf8.length;
        return this;
    }

    private Fingerprint number(OptionalInt value) {
        return text(value.isPresent() ? Integer.toString(value.getAsInt()) : null);
    }

    private Fingerprint map(@Nullable Map<String, String> values) {
        if (values == null) {
            return length(-1);
        }
        length(values.size());
        new TreeMap<>(values).forEach((key, value) -> text(key).text(value));
        return this;
    }

    /// In one go: a digest is fed in small pieces at a multiple of the cost.
    private String hex() {
        try {
            MessageDigest digest = (MessageDigest) SHA_256.clone();
            digest.update(bytes, 0, size);
            return HexFormat.of().formatHex(digest.digest());
        } catch (CloneNotSupportedException e) {
            throw new IllegalStateException("the JDK's own SHA-256 can be cloned", e);
        }
    }
}
