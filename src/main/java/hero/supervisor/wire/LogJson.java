package hero.supervisor.wire;

import com.fasterxml.jackson.core.JsonGenerator;
import hero.supervisor.domain.LogChunk;
import hero.supervisor.domain.LogSlice;
import hero.supervisor.domain.Progress;
import java.io.IOException;

/// Logs and progress. Source: `openrpc.json job.logs`, `runner.log`, `runner.progress`, `job.log`.
public final class LogJson {
    private LogJson() {}

    /// The answer to `job.logs`.
    public static Body slice(String jobId, LogSlice slice) {
        return out -> {
            out.writeStartObject();
            out.writeStringField("job_id", jobId);
            out.writeNumberField("attempt", slice.attempt());
            out.writeFieldName("chunks");
            out.writeStartArray();
            for (LogChunk chunk : slice.chunks()) {
                out.writeStartObject();
                writeText(out, chunk);
                out.writeEndObject();
            }
            out.writeEndArray();
            out.writeNumberField("next", slice.next());
            out.writeBooleanField("truncated", slice.truncated());
            out.writeBooleanField("end", slice.end());
            out.writeEndObject();
        };
    }

    /// The notification `job.log`, a whole message. Its `next` is for `log_since`.
    public static byte[] message(String subscription, LogChunk chunk) {
        return Replies.notification("job.log", out -> {
            out.writeStartObject();
            out.writeStringField("subscription", subscription);
            out.writeStringField("job_id", chunk.jobId());
            out.writeNumberField("attempt", chunk.attempt());
            writeText(out, chunk);
            out.writeNumberField("next", chunk.place() + chunk.size());
            out.writeEndObject();
        });
    }

    private static void writeText(JsonGenerator out, LogChunk chunk) throws IOException {
        out.writeStringField("stream", chunk.stream().word());
        out.writeNumberField("offset", chunk.offset());
        LongText.write(out, "data", chunk.data());
    }

    /// The answer to `runner.log`.
    public static Body taken(long nextOffset, int window) {
        return out -> {
            out.writeStartObject();
            out.writeNumberField("next_offset", nextOffset);
            out.writeNumberField("window", window);
            out.writeEndObject();
        };
    }

    static void writeProgress(JsonGenerator out, Progress progress) throws IOException {
        out.writeStartObject();
        out.writeNumberField("attempt", progress.attempt());
        if (progress.percent() != null) {
            out.writeFieldName("percent");
            Bodies.writeNumber(out, progress.percent());
        }
        if (progress.note() != null) {
            out.writeStringField("note", progress.note());
        }
        if (progress.checkpoint() != null) {
            out.writeStringField("checkpoint", progress.checkpoint());
        }
        JobJson.writeInstant(out, "at", progress.at());
        out.writeEndObject();
    }
}
