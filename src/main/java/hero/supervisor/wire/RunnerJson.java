package hero.supervisor.wire;

import com.fasterxml.jackson.core.JsonGenerator;
import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Connect;
import hero.supervisor.domain.Hold;
import hero.supervisor.domain.Outcome;
import hero.supervisor.domain.Progress;
import hero.supervisor.domain.RunnerStatus;
import hero.supervisor.domain.Stop;
import hero.supervisor.domain.Trace;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Runners, and what the server says to them. Source: contract §6.
public final class RunnerJson {
    private RunnerJson() {}

    public static Body status(RunnerStatus status) {
        return out -> {
            out.writeStartObject();
            out.writeStringField("name", status.runner().name());
            out.writeStringField("queue", status.runner().queue());
            out.writeStringField("state", status.state());
            out.writeNumberField("connections", status.connections());
            out.writeNumberField("slots", status.slots());
            out.writeNumberField("running", status.running());
            out.writeNumberField("queued", status.queued());
            JobJson.writeInstant(out, "last_seen", status.lastSeen());
            out.writeEndObject();
        };
    }

    /// The answer to `runner.connect`.
    public static Body connected(Connect.Connected connected) {
        return out -> {
            out.writeStartObject();
            out.writeStringField("session_id", connected.sessionId());
            out.writeNumberField("heartbeat_ms", connected.heartbeatMs());
            out.writeNumberField("lease_ms", connected.leaseMs());
            out.writeNumberField("resume_grace_ms", connected.resumeGraceMs());
            out.writeNumberField("log_window", connected.logWindow());
            out.writeFieldName("verdicts");
            out.writeStartArray();
            for (Connect.Verdict verdict : connected.verdicts()) {
                out.writeStartObject();
                writeHold(out, verdict.hold());
                out.writeStringField("verdict", verdict.keep() ? "keep" : "abandon");
                out.writeEndObject();
            }
            out.writeEndArray();
            out.writeEndObject();
        };
    }

    /// The answer to `runner.pull`.
    ///
    /// @param prior what earlier attempts said last, by job
    /// @param traces of the jobs that have one, by job
    public static Body pulled(
            List<Assignment> assignments,
            List<Stop> stops,
            boolean drain,
            Map<String, Progress> prior,
            Map<String, Trace> traces) {
        return out -> {
            out.writeStartObject();
            out.writeFieldName("jobs");
            out.writeStartArray();
            for (Assignment assignment : assignments) {
                String id = assignment.job().id();
                writeAssignment(out, assignment, prior.get(id), traces.get(id));
            }
            out.writeEndArray();
            writeStops(out, stops);
            out.writeBooleanField("drain", drain);
            out.writeEndObject();
        };
    }

    /// The answer to `runner.heartbeat`. `abandon`: what is no longer this runner's.
    public static Body beaten(List<Stop> stops, List<Hold> abandon, boolean drain) {
        return out -> {
            out.writeStartObject();
            writeStops(out, stops);
            out.writeFieldName("abandon");
            out.writeStartArray();
            for (Hold hold : abandon) {
                out.writeStartObject();
                writeHold(out, hold);
                out.writeEndObject();
            }
            out.writeEndArray();
            out.writeBooleanField("drain", drain);
            out.writeEndObject();
        };
    }

    /// The answer to `runner.result`: two lists of one length, in the order of the reports.
    public static Body outcomes(List<String> jobIds, List<Outcome> outcomes) {
        return out -> {
            Iterator<Outcome> outcome = outcomes.iterator();
            out.writeStartArray();
            for (String jobId : jobIds) {
                out.writeStartObject();
                out.writeStringField("job_id", jobId);
                out.writeStringField("outcome", outcome.next().word());
                out.writeEndObject();
            }
            out.writeEndArray();
        };
    }

    /// The notification `runner.stop`, a whole message.
    public static byte[] stop(Stop stop) {
        return Replies.notification("runner.stop", out -> writeStop(out, stop));
    }

    /// The text of a lease: 16 hex digits. A number would lose digits in JavaScript.
    static String lease(long lease) {
        return String.format("%016x", lease);
    }

    private static void writeAssignment(
            JsonGenerator out, Assignment assignment, @Nullable Progress prior, @Nullable Trace trace)
            throws IOException {
        out.writeStartObject();
        JobJson.writeFields(out, assignment.job());
        out.writeNumberField("attempt", assignment.attempt());
        out.writeStringField("lease", lease(assignment.lease()));
        out.writeNumberField("deadline_ms", (long) Math.ceil(assignment.job().timeoutS() * 1000));
        if (trace != null) {
            out.writeStringField("traceparent", trace.parent());
            if (!trace.state().isEmpty()) {
                out.writeStringField("tracestate", trace.state());
            }
        }
        if (prior != null) {
            out.writeFieldName("prior_progress");
            LogJson.writeProgress(out, prior);
        }
        out.writeEndObject();
    }

    private static void writeStops(JsonGenerator out, List<Stop> stops) throws IOException {
        out.writeFieldName("stops");
        out.writeStartArray();
        for (Stop stop : stops) {
            writeStop(out, stop);
        }
        out.writeEndArray();
    }

    private static void writeStop(JsonGenerator out, Stop stop) throws IOException {
        out.writeStartObject();
        writeHold(out, stop.hold());
        out.writeStringField("reason", stop.reason());
        out.writeStringField("mode", stop.kill() ? "kill" : "graceful");
        out.writeNumberField("grace_ms", stop.graceMs());
        out.writeEndObject();
    }

    private static void writeHold(JsonGenerator out, Hold hold) throws IOException {
        out.writeStringField("job_id", hold.jobId());
        out.writeNumberField("attempt", hold.attempt());
    }
}
