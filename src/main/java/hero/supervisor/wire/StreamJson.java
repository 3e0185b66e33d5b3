package hero.supervisor.wire;

import hero.supervisor.domain.JobEvent;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// Streams of events. Source: contract §7.
public final class StreamJson {
    private static final String BEFORE_SUBSCRIPTION = """
            {"jsonrpc":"2.0","method":"job.event","params":{"subscription":"\
            """;
    private static final byte[] END = "}}".getBytes(StandardCharsets.UTF_8);

    private StreamJson() {}

    /// The answer to `job.subscribe` and `jobs.subscribe`.
    ///
    /// @param gapTo the stream begins there only; null when it begins behind `seq`
    /// @param gapReason the word for why
    public static Body subscribed(String subscription, String seq, @Nullable String gapTo, String gapReason) {
        return out -> {
            out.writeStartObject();
            out.writeStringField("subscription", subscription);
            out.writeStringField("seq", seq);
            if (gapTo != null) {
                out.writeObjectFieldStart("gap");
                out.writeStringField("from", seq);
                out.writeStringField("to", gapTo);
                out.writeStringField("reason", gapReason);
                out.writeEndObject();
            }
            out.writeEndObject();
        };
    }

    /// The members of an event without those of its reader, for [#message(String, byte\[\], int)].
    public static byte[] event(JobEvent event) {
        byte[] object = Replies.value(out -> {
            out.writeStartObject();
            out.writeStringField("seq", event.seq());
            out.writeStringField("job_id", event.jobId());
            out.writeStringField("status", event.status());
            JobJson.writeInstant(out, "at", event.at());
            out.writeNumberField("attempt", event.attempt());
            out.writeStringField("runner", event.runner());
            out.writeStringField("queue", event.queue());
            if (event.stopping()) {
                out.writeBooleanField("stopping", true);
            }
            if (event.isLast()) {
                out.writeBooleanField("final", true);
            }
            out.writeEndObject();
        });
        // Without the braces: the reader's members come before it.
        byte[] members = new byte[object.length - 2];
        System.arraycopy(object, 1, members, 0, members.length);
        return members;
    }

    /// The notification `job.event`, a whole message.
    ///
    /// @param subscription letters, digits and `_` only
    /// @param event from [#event(JobEvent)]
    public static byte[] message(String subscription, byte[] event, int skipped) {
        String reader = BEFORE_SUBSCRIPTION + subscription + (skipped > 0 ? "\",\"skipped\":" + skipped + "," : "\",");
        byte[] named = reader.getBytes(StandardCharsets.UTF_8);
        var out = new ByteArrayOutputStream(named.length + event.length + END.length);
        out.writeBytes(named);
        out.writeBytes(event);
        out.writeBytes(END);
        return out.toByteArray();
    }

    /// The notification `job.gap`, a whole message.
    public static byte[] gap(String subscription, String from, String to, String reason) {
        return Replies.notification("job.gap", out -> {
            out.writeStartObject();
            out.writeStringField("subscription", subscription);
            out.writeStringField("seq", to);
            out.writeStringField("from", from);
            out.writeStringField("to", to);
            out.writeStringField("reason", reason);
            out.writeEndObject();
        });
    }
}
