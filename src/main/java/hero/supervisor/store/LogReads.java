package hero.supervisor.store;

import static hero.supervisor.store.schema.Tables.JOBS;
import static hero.supervisor.store.schema.Tables.JOB_LOGS;
import static hero.supervisor.store.schema.Tables.JOB_LOG_ENDS;
import static hero.supervisor.store.schema.Tables.JOB_PROGRESS;

import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.LogChunk;
import hero.supervisor.domain.LogSlice;
import hero.supervisor.domain.LogStream;
import hero.supervisor.domain.Progress;
import hero.supervisor.store.LogStore.Asked;
import hero.supervisor.store.LogStore.Printed;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jooq.Condition;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.impl.DSL;

/// What is read of logs and progress: one statement each, two for a stretch of a log.
final class LogReads {
    /// Chunks in one answer, however small they are.
    private static final int CHUNKS_MAX = 1000;

    private static final Field<Integer> ASKED = JOB_LOG_ENDS.ATTEMPT.as("asked");

    private final Database database;

    LogReads(Database database) {
        this.database = database;
    }

    Optional<LogSlice> read(Asked asked) {
        Field<Integer> wanted = asked.attempt() == null ? JOBS.ATTEMPT : DSL.val(asked.attempt());
        // The state first: an attempt that is over now has no chunk that the second statement does not see.
        return database.query(sql -> sql.select(JOBS.STATUS, JOBS.ATTEMPT, wanted.as(ASKED))
                        .select(
                                JOB_LOG_ENDS.LEASE,
                                JOB_LOG_ENDS.BEGAN_AT,
                                JOB_LOG_ENDS.STDOUT_NEXT,
                                JOB_LOG_ENDS.STDERR_NEXT)
                        .select(JOB_LOG_ENDS.STDOUT_CUT, JOB_LOG_ENDS.STDERR_CUT)
                        .from(JOBS)
                        .leftJoin(JOB_LOG_ENDS)
                        .on(JOB_LOG_ENDS.JOB_ID.eq(JOBS.ID).and(JOB_LOG_ENDS.ATTEMPT.eq(wanted)))
                        .where(JOBS.ID.eq(asked.jobId()))
                        .fetchOptional())
                .map(state -> slice(asked, state));
    }

    private LogSlice slice(Asked asked, Record state) {
        int attempt = state.get(ASKED);
        boolean over = attempt < state.get(JOBS.ATTEMPT)
                || JobStatus.of(state.get(JOBS.STATUS)).isFinal();
        OffsetDateTime began = state.get(JOB_LOG_ENDS.BEGAN_AT);
        if (began == null) {
            return new LogSlice(attempt, 0, List.of(), 0, false, true, over);
        }
        List<LogChunk> chunks = chunks(asked, attempt, began);
        long end = sum(asked, state.get(JOB_LOG_ENDS.STDOUT_NEXT), state.get(JOB_LOG_ENDS.STDERR_NEXT));
        long next = chunks.isEmpty()
                ? Math.min(asked.offset(), end)
                : at(asked, chunks.getLast()) + chunks.getLast().size();
        boolean truncated = sum(asked, state.get(JOB_LOG_ENDS.STDOUT_CUT), state.get(JOB_LOG_ENDS.STDERR_CUT)) > 0;
        boolean all = next >= end;
        return new LogSlice(attempt, state.get(JOB_LOG_ENDS.LEASE), chunks, next, truncated, all, over && all);
    }

    /// Of the stream asked for, or of both.
    private static long sum(Asked asked, long stdout, long stderr) {
        return (asked.stream() == LogStream.STDERR ? 0 : stdout) + (asked.stream() == LogStream.STDOUT ? 0 : stderr);
    }

    private static long at(Asked asked, LogChunk chunk) {
        return asked.stream() == null ? chunk.place() : chunk.offset();
    }

    private List<LogChunk> chunks(Asked asked, int attempt, OffsetDateTime began) {
        Field<Long> position = asked.stream() == null ? JOB_LOGS.PLACE : JOB_LOGS.START;
        Condition stream = asked.stream() == null
                ? DSL.noCondition()
                : JOB_LOGS.STREAM.eq(asked.stream().word());
        Condition printed = JOB_LOGS.JOB_ID
                .eq(asked.jobId())
                .and(JOB_LOGS.ATTEMPT.eq(attempt))
                .and(JOB_LOGS.AT.ge(began.minusHours(LogWrites.CLOCK_SLACK_H)));
        var some = DSL.select(JOB_LOGS.STREAM, JOB_LOGS.START, JOB_LOGS.PLACE, JOB_LOGS.SIZE, JOB_LOGS.DATA)
                .from(JOB_LOGS)
                .where(printed)
                .and(stream)
                .and(fromOn(printed, asked.offset()))
                .and(position.add(JOB_LOGS.SIZE).gt(asked.offset()))
                .orderBy(JOB_LOGS.PLACE)
                .limit(CHUNKS_MAX)
                .asTable("some");
        Field<Long> before = DSL.sum(some.field(JOB_LOGS.SIZE))
                .over(DSL.orderBy(some.field(JOB_LOGS.PLACE)))
                .minus(some.field(JOB_LOGS.SIZE))
                .cast(Long.class);
        var counted =
                DSL.select(some.fields()).select(before.as("before")).from(some).asTable("counted");
        List<LogChunk> chunks = database.query(sql -> sql.selectFrom(counted)
                .where(DSL.field("before", Long.class).lt((long) asked.bytesMax()))
                .orderBy(counted.field(JOB_LOGS.PLACE))
                .fetch(row -> chunk(asked.jobId(), attempt, row)));
        return chunks.isEmpty() ? chunks : trimmed(asked, chunks);
    }

    /// From the last piece on that begins before the offset or there: else all that was written before is read,
    /// each time that somebody who follows the log asks for more. A stream's own offsets are never behind the
    /// places of its pieces, so that this passes over none of them.
    private static Condition fromOn(Condition printed, long offset) {
        return JOB_LOGS.PLACE.ge(DSL.coalesce(
                DSL.field(DSL.select(DSL.max(JOB_LOGS.PLACE))
                        .from(JOB_LOGS)
                        .where(printed)
                        .and(JOB_LOGS.PLACE.le(offset))),
                0L));
    }

    private static LogChunk chunk(String jobId, int attempt, Record row) {
        return new LogChunk(
                jobId,
                attempt,
                LogStream.find(row.get(JOB_LOGS.STREAM)).orElseThrow(),
                row.get(JOB_LOGS.START),
                row.get(JOB_LOGS.PLACE),
                row.get(JOB_LOGS.DATA));
    }

    /// The offset may lie inside the first chunk.
    private static List<LogChunk> trimmed(Asked asked, List<LogChunk> chunks) {
        LogChunk first = chunks.getFirst();
        LogChunk rest = first.from(asked.offset() - at(asked, first));
        if (rest.equals(first)) {
            return chunks;
        }
        chunks.set(0, rest);
        return chunks;
    }

    Map<String, Printed> printed(Collection<String> jobIds) {
        if (jobIds.isEmpty()) {
            return Map.of();
        }
        Map<String, Printed> printed = new HashMap<>();
        database.query(sql -> sql.select(
                                JOB_LOG_ENDS.JOB_ID,
                                JOB_LOG_ENDS.ATTEMPT,
                                JOB_LOG_ENDS.STDOUT_NEXT,
                                JOB_LOG_ENDS.STDERR_NEXT)
                        .distinctOn(JOB_LOG_ENDS.JOB_ID)
                        .from(JOB_LOG_ENDS)
                        .where(JOB_LOG_ENDS.JOB_ID.eq(DSL.any(jobIds.toArray(String[]::new))))
                        .orderBy(JOB_LOG_ENDS.JOB_ID, JOB_LOG_ENDS.ATTEMPT.desc())
                        .fetch())
                .forEach(row -> printed.put(
                        row.get(JOB_LOG_ENDS.JOB_ID),
                        new Printed(
                                row.get(JOB_LOG_ENDS.ATTEMPT),
                                row.get(JOB_LOG_ENDS.STDOUT_NEXT) + row.get(JOB_LOG_ENDS.STDERR_NEXT))));
        return printed;
    }

    Map<String, Progress> progress(Collection<String> jobIds) {
        if (jobIds.isEmpty()) {
            return Map.of();
        }
        Map<String, Progress> progress = new HashMap<>();
        database.query(sql -> sql.selectFrom(JOB_PROGRESS)
                        .where(JOB_PROGRESS.JOB_ID.eq(DSL.any(jobIds.toArray(String[]::new))))
                        .fetch())
                .forEach(row -> progress.put(
                        row.get(JOB_PROGRESS.JOB_ID),
                        new Progress(
                                row.get(JOB_PROGRESS.ATTEMPT),
                                row.get(JOB_PROGRESS.PERCENT),
                                row.get(JOB_PROGRESS.NOTE),
                                row.get(JOB_PROGRESS.CHECKPOINT),
                                row.get(JOB_PROGRESS.AT).toInstant())));
        return progress;
    }
}
