package hero.supervisor.cli;

import hero.supervisor.client.Tree;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// `supervisor job logs`: reads a job's log page by page, and on while the job goes on.
final class JobLogs {
    private static final Duration LOOK_AGAIN = Duration.ofMillis(300);

    private final Way way;
    private final String jobId;
    private final @Nullable String stream;
    private final LogLines lines;

    JobLogs(Shell shell, Way way, String jobId, @Nullable String stream, boolean json) {
        this.way = way;
        this.jobId = jobId;
        this.stream = stream;
        this.lines = new LogLines(shell, json);
    }

    /// @param only an attempt; null: the last one, and with `follow` those that come after it
    /// @param follow until the attempt, or the job, has ended
    void print(@Nullable Integer only, boolean follow) {
        long attempt = only == null ? 0 : only;
        long offset = 0;
        while (!Thread.currentThread().isInterrupted()) {
            Map<String, Object> page = Tree.object(way.call("job.logs", params(attempt, offset)));
            attempt = Tree.whole(page, "attempt", attempt);
            boolean empty = Tree.array(page.get("chunks")).isEmpty();
            for (Object chunk : Tree.array(page.get("chunks"))) {
                Map<String, Object> piece = new LinkedHashMap<>();
                piece.put("job_id", jobId);
                piece.put("attempt", attempt);
                piece.putAll(Tree.object(chunk));
                lines.show(piece);
            }
            offset = Tree.whole(page, "next", offset);
            boolean end = Boolean.TRUE.equals(page.get("end"));
            if (end || (empty && !follow)) {
                long next = follow && only == null && end ? last() : attempt;
                if (next == attempt) {
                    return;
                }
                attempt = next;
                offset = 0;
            } else if (empty) {
                LockSupport.parkNanos(LOOK_AGAIN.toNanos());
            }
        }
    }

    /// The job's last attempt: a later one than ours when it was handed out again.
    private long last() {
        Map<String, Object> params = params(0, 0);
        params.put("limit", 1);
        return Tree.whole(Tree.object(way.call("job.logs", params)), "attempt", 0);
    }

    private Map<String, Object> params(long attempt, long offset) {
        Map<String, Object> params = new LinkedHashMap<>(Map.of("job_id", jobId, "offset", offset));
        if (attempt > 0) {
            params.put("attempt", attempt);
        }
        if (stream != null) {
            params.put("stream", stream);
        }
        return params;
    }
}
