package hero.supervisor.domain;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// A caller's mistake, or a state that does not allow what was asked: thrown where it is found, turned into an
/// error of the wire in one place (`wire.RpcError`). Its message is for the caller: it names the field, the limit
/// and the way out, and holds no payload, secret, SQL or stack.
public final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// The stable words of contract §4, sent as `data.kind`.
    public enum Kind {
        INVALID_PARAMS("invalid_params"),
        UNAUTHORIZED("unauthorized"),
        FORBIDDEN("forbidden"),
        JOB_NOT_FOUND("job_not_found"),
        RUNNER_NOT_FOUND("runner_not_found"),
        CONFLICT("conflict"),
        STALE_ATTEMPT("stale_attempt"),
        WAIT_TIMEOUT("wait_timeout"),
        BUSY("busy"),
        TOO_LARGE("too_large"),
        SHUTTING_DOWN("shutting_down");

        private final String word;

        Kind(String word) {
            this.word = word;
        }

        public String word() {
            return word;
        }
    }

    private final Kind kind;
    private final transient Map<String, Object> data = new LinkedHashMap<>();

    public Refusal(Kind kind, String message) {
        super(message, null, false, false);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }

    /// Adds one fact for programs: the field, the state, the limit. Values are strings, numbers, booleans or
    /// lists of them. Returns itself.
    public Refusal with(String key, Object value) {
        data.put(key, value);
        return this;
    }

    /// In the order in which they were added.
    public Map<String, Object> data() {
        return Collections.unmodifiableMap(new LinkedHashMap<>(data));
    }

    /// A parameter that cannot be taken. `path` is a JSON Pointer into the parameters, such as `/job/timeout`.
    public static Refusal invalid(String path, String message) {
        return new Refusal(Kind.INVALID_PARAMS, message).with("path", path);
    }

    public static Refusal jobNotFound(String jobId) {
        return new Refusal(Kind.JOB_NOT_FOUND, "there is no job '" + jobId + "'").with("job_id", jobId);
    }

    public static Refusal runnerNotFound(String runner) {
        return new Refusal(
                        Kind.RUNNER_NOT_FOUND,
                        "there is no runner '" + runner + "'; list_runners tells the names, register_runner adds one")
                .with("runner", runner);
    }

    public static Refusal conflict(String message) {
        return new Refusal(Kind.CONFLICT, message);
    }

    /// Try again after `retryAfterMs`.
    public static Refusal busy(String message, long retryAfterMs) {
        return new Refusal(Kind.BUSY, message).with("retry_after_ms", retryAfterMs);
    }
}
