package hero.supervisor.store;

import hero.supervisor.domain.Job;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Tells whether two jobs of one id ask for the same: SHA-256 over everything that the caller decides, each value
/// with its length before it, so that no two contents share an encoding. `created_at` and `updated_at` are stamps,
/// not content: a repetition may carry newer ones.
final class Fingerprint {
    private final MessageDigest digest;

    private Fingerprint() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
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
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(length).array());
        return this;
    }

    private Fingerprint text(@Nullable String value) {
        if (value == null) {
            return length(-1);
        }
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        length(bytes.length);
        digest.update(bytes);
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

    private String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }
}
