package hero.supervisor.app;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Time;
import hero.supervisor.domain.Trace;
import hero.supervisor.domain.Tracing;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.TraceStateBuilder;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.IdGenerator;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Spans to an OTLP receiver over HTTP, by OpenTelemetry. Spans gather in memory and are sent by a thread of their
/// own; when the receiver is away or too slow they are dropped, and nobody waits.
///
/// A job's spans are children of the call that created it. The span of an attempt is sent when its outcome is
/// recorded, maybe by another gateway than the one that handed it out: its id is made from the hand-over, so that
/// both say the same.
///
/// Source: OpenTelemetry semantic conventions for JSON-RPC; W3C Trace Context.
final class OtlpTracing implements Tracing, AutoCloseable {
    private static final AttributeKey<String> SYSTEM = AttributeKey.stringKey("rpc.system");
    private static final AttributeKey<String> VERSION = AttributeKey.stringKey("rpc.jsonrpc.version");
    private static final AttributeKey<String> METHOD = AttributeKey.stringKey("rpc.method");
    private static final AttributeKey<Long> CODE = AttributeKey.longKey("rpc.jsonrpc.error_code");
    private static final AttributeKey<String> JOB = AttributeKey.stringKey("supervisor.job_id");
    private static final AttributeKey<Long> ATTEMPT = AttributeKey.longKey("supervisor.attempt");
    private static final AttributeKey<String> OUTCOME = AttributeKey.stringKey("supervisor.outcome");

    private static final int GATHERED_MAX = 16_384;
    private static final Duration EVERY = Duration.ofSeconds(1);
    private static final Duration SENDING_MAX = Duration.ofSeconds(5);
    /// A receiver that is away does not keep a gateway from stopping.
    private static final Duration LAST = Duration.ofSeconds(2);

    private final SdkTracerProvider provider;
    private final Tracer tracer;
    private final Ids ids = new Ids();
    private final Time time;

    /// @param endpoint such as `http://localhost:4318/v1/traces`
    /// @param ratio of the calls without a trace that begin one, 0…1
    OtlpTracing(String endpoint, double ratio, String node, String version, Time time) {
        this.time = time;
        this.provider = SdkTracerProvider.builder()
                .setIdGenerator(ids)
                .setSampler(Sampler.parentBased(Sampler.traceIdRatioBased(ratio)))
                .setResource(Resource.getDefault()
                        .merge(Resource.create(Attributes.of(
                                AttributeKey.stringKey("service.name"), "hero-supervisor",
                                AttributeKey.stringKey("service.version"), version,
                                AttributeKey.stringKey("service.instance.id"), node))))
                .addSpanProcessor(BatchSpanProcessor.builder(OtlpHttpSpanExporter.builder()
                                .setEndpoint(endpoint)
                                .setTimeout(SENDING_MAX)
                                .build())
                        .setMaxQueueSize(GATHERED_MAX)
                        .setScheduleDelay(EVERY)
                        .setExporterTimeout(SENDING_MAX)
                        .build())
                .build();
        this.tracer = provider.get("hero.supervisor", version);
    }

    @Override
    public Call begin(String method, @Nullable Trace sent) {
        Span span = builder(method, sent)
                .setSpanKind(SpanKind.SERVER)
                .setAttribute(SYSTEM, "jsonrpc")
                .setAttribute(VERSION, "2.0")
                .setAttribute(METHOD, method)
                .startSpan();
        if (span.isRecording()) {
            return new Told(span, sent == null ? "" : sent.state());
        }
        return sent == null ? Call.UNTRACED : new PassedOn(sent);
    }

    @Override
    public Trace handed(Run run, Instant since) {
        SpanContext parent = context(run.trace());
        if (!parent.isSampled()) {
            return run.trace();
        }
        ofJob("job queued", run).setStartTimestamp(since).startSpan().end(run.startedAt());
        return run.trace().under(text(parent.getTraceId(), spanId(run.key()), true));
    }

    @Override
    public void ended(Run run, String outcome) {
        if (!context(run.trace()).isSampled()) {
            return;
        }
        Instant now = time.instant();
        Instant start = run.startedAt();
        SpanBuilder builder = ofJob("job run", run).setStartTimestamp(start).setAttribute(OUTCOME, outcome);
        Span span = ids.with(spanId(run.key()), builder::startSpan);
        if (!outcome.equals("completed")) {
            span.setStatus(StatusCode.ERROR);
        }
        // Two clocks, the database's and ours.
        span.end(now.isAfter(start) ? now : start);
    }

    /// Sends what has gathered.
    @Override
    public void close() {
        provider.shutdown().join(LAST.toMillis(), TimeUnit.MILLISECONDS);
    }

    private SpanBuilder ofJob(String name, Run run) {
        return builder(name, run.trace()).setAttribute(JOB, run.key().jobId()).setAttribute(ATTEMPT, (long)
                run.key().attempt());
    }

    private SpanBuilder builder(String name, @Nullable Trace parent) {
        SpanBuilder builder = tracer.spanBuilder(name);
        return parent == null
                ? builder.setNoParent()
                : builder.setParent(Context.root().with(Span.wrap(context(parent))));
    }

    private static SpanContext context(Trace trace) {
        String[] parts = trace.parent().split("-", -1);
        return SpanContext.createFromRemoteParent(
                parts[1], parts[2], TraceFlags.fromHex(parts[3], 0), state(trace.state()));
    }

    private static TraceState state(String text) {
        if (text.isEmpty()) {
            return TraceState.getDefault();
        }
        TraceStateBuilder state = TraceState.builder();
        // What is put goes in front of what is there.
        for (String member : List.of(text.split(",", -1)).reversed()) {
            int end = member.indexOf('=');
            state.put(member.substring(0, end), member.substring(end + 1));
        }
        return state.build();
    }

    private static String text(String traceId, String spanId, boolean sampled) {
        return "00-" + traceId + "-" + spanId + (sampled ? "-01" : "-00");
    }

    private static String spanId(Assignment.Key key) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256")
                    .digest((key.jobId() + "/" + key.attempt() + "/" + key.lease()).getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private final class Told implements Call {
        private final Span span;
        private final String state;

        Told(Span span, String state) {
            this.span = span;
            this.state = state;
        }

        @Override
        public Trace trace() {
            SpanContext own = span.getSpanContext();
            return new Trace(text(own.getTraceId(), own.getSpanId(), own.isSampled()), state);
        }

        @Override
        public boolean told() {
            return true;
        }

        @Override
        public Runnable woken() {
            Instant heard = time.instant();
            return () -> builder("job wake", trace())
                    .setStartTimestamp(heard)
                    .startSpan()
                    .end();
        }

        @Override
        public void end(String outcome, int code) {
            span.setAttribute(OUTCOME, outcome);
            if (code != 0) {
                span.setAttribute(CODE, (long) code);
                span.setStatus(StatusCode.ERROR, outcome);
            }
            span.end();
        }
    }

    /// Random ids, or the one that was chosen.
    private static final class Ids implements IdGenerator {
        private final IdGenerator random = IdGenerator.random();
        private final ThreadLocal<@Nullable String> chosen = new ThreadLocal<>();

        Span with(String spanId, java.util.function.Supplier<Span> starting) {
            chosen.set(spanId);
            try {
                return starting.get();
            } finally {
                chosen.remove();
            }
        }

        @Override
        public String generateSpanId() {
            String spanId = chosen.get();
            return spanId == null ? random.generateSpanId() : spanId;
        }

        @Override
        public String generateTraceId() {
            return random.generateTraceId();
        }
    }
}
