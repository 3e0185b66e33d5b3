package hero.supervisor.check;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Connect;
import hero.supervisor.domain.Hold;
import hero.supervisor.domain.Report;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;

/// The server as it should be, in memory and for one case: what a case does not play otherwise is answered here.
/// All of it under the stage's lock. Source: contract §6.
final class Server {
    private static final int METHOD_NOT_FOUND = -32601;

    private final CheckSettings settings;
    private final String sessionId;
    private final Lock lock;
    private final ScheduledExecutorService timer;
    private final Map<Assignment.Key, HandOver> jobs = new LinkedHashMap<>();
    private final ArrayDeque<HandOver> waiting = new ArrayDeque<>();
    private final ArrayDeque<Heard> pulls = new ArrayDeque<>();
    private final Map<String, Long> logEnds = new HashMap<>();
    private String runner = "";
    private boolean known;

    boolean draining;
    long logWindow = 128 << 10;

    /// Put into every answer: a runner ignores what it does not know.
    final Map<String, Object> unknown = new LinkedHashMap<>();

    Server(CheckSettings settings, String sessionId, Lock lock, ScheduledExecutorService timer) {
        this.settings = settings;
        this.sessionId = sessionId;
        this.lock = lock;
        this.timer = timer;
    }

    void add(HandOver job) {
        jobs.put(job.key, job);
        waiting.add(job);
        pump();
    }

    String sessionId() {
        return sessionId;
    }

    /// Answers every open pull with nothing, so that the next one comes.
    @Nullable
    Void endPulls() {
        while (!pulls.isEmpty()) {
            pulls.remove().answer(pulled(List.of()));
        }
        return null;
    }

    /// Answers a pull with these, whatever its credit.
    @Nullable
    Void handOver(Heard pull, List<HandOver> batch) {
        for (HandOver job : batch) {
            jobs.put(job.key, job);
            job.handed = true;
        }
        pull.answer(pulled(batch));
        return null;
    }

    /// Answers a `runner.log` as if the server had this much of the stream.
    @Nullable
    Void took(Heard heard, long end) {
        if (heard.said() instanceof Said.Log log) {
            logEnds.put(stream(log), end);
        }
        heard.answer(Map.of("next_offset", end, "window", logWindow));
        return null;
    }

    private static String stream(Said.Log log) {
        return log.append().key() + log.append().stream().word();
    }

    List<Heard> openPulls() {
        return List.copyOf(pulls);
    }

    void lost(Line line) {
        pulls.removeIf(pull -> pull.line().equals(line));
    }

    @Nullable
    Void drain() {
        draining = true;
        return endPulls();
    }

    /// The proper answer to a message.
    void answer(Heard heard) {
        switch (heard.said()) {
            case Said.Hello hello -> heard.answer(hello(hello.connect()));
            case Said.Login login -> {
                heard.line().loggedIn = true;
                heard.answer(Map.of("scope", "register"));
            }
            case Said.Pull pull -> {
                pulls.add(heard);
                pump();
                if (draining) {
                    // It was on its way when the others were told.
                    endPulls();
                }
                timer.schedule(() -> overdue(heard), pull.waitMs(), TimeUnit.MILLISECONDS);
            }
            case Said.Beat beat -> heard.answer(beaten(beat.running()));
            case Said.Results results ->
                heard.answer(results.reports().stream().map(this::recorded).toList());
            case Said.Log log -> heard.answer(logged(log));
            case Said.Told told -> heard.answer(null);
            case Said.Release release -> {
                release.keys().forEach(this::release);
                heard.answer(null);
            }
            case Said.Drain drain -> {
                heard.answer(null);
                drain();
            }
            case Said.Other other ->
                heard.refuse(
                        METHOD_NOT_FOUND, "method_not_found", "there is no method '" + other.method() + "'", Map.of());
        }
    }

    private Map<String, Object> hello(Connect connect) {
        runner = connect.name();
        Map<String, Object> answer = new LinkedHashMap<>(unknown);
        answer.put("session_id", sessionId);
        answer.put("heartbeat_ms", settings.heartbeatMs());
        answer.put("lease_ms", settings.leaseMs());
        answer.put("resume_grace_ms", settings.leaseMs());
        answer.put("log_window", logWindow);
        List<Map<String, Object>> verdicts = new ArrayList<>();
        Connect.Resume resume = connect.resume();
        boolean mine = known && resume != null && resume.sessionId().equals(sessionId);
        for (Hold hold : resume == null ? List.<Hold>of() : resume.running()) {
            Map<String, Object> verdict = new LinkedHashMap<>(named(hold));
            verdict.put("verdict", mine && keeps(hold) ? "keep" : "abandon");
            verdicts.add(verdict);
        }
        if (known && resume == null) {
            draining = false; // It was said to the runner before; this is a new one.
        }
        known = true;
        answer.put("verdicts", verdicts);
        return answer;
    }

    /// Also what has been reported: the runner may not know yet.
    private boolean keeps(Hold hold) {
        HandOver job = find(hold);
        return job != null && job.handed && !job.abandoned && !job.released;
    }

    private @Nullable HandOver find(Hold hold) {
        for (HandOver job : jobs.values()) {
            if (job.hold().equals(hold)) {
                return job;
            }
        }
        return null;
    }

    private static Map<String, Object> named(Hold hold) {
        Map<String, Object> names = new LinkedHashMap<>();
        names.put("job_id", hold.jobId());
        names.put("attempt", hold.attempt());
        return names;
    }

    /// Hands out what waits, as far as there is credit.
    private void pump() {
        while (!pulls.isEmpty() && !waiting.isEmpty()) {
            Heard pull = pulls.remove();
            int max = pull.said() instanceof Said.Pull said ? said.max() : 0;
            List<HandOver> batch = new ArrayList<>();
            while (batch.size() < max && !waiting.isEmpty()) {
                HandOver job = waiting.remove();
                job.handed = true;
                batch.add(job);
            }
            pull.answer(pulled(batch));
        }
    }

    /// An answer to a pull.
    Map<String, Object> pulled(List<HandOver> batch) {
        Map<String, Object> answer = new LinkedHashMap<>(unknown);
        answer.put("jobs", batch.stream().map(job -> job.tree(runner)).toList());
        answer.put("stops", stops());
        answer.put("drain", draining);
        return answer;
    }

    private void overdue(Heard pull) {
        lock.lock();
        try {
            if (pulls.remove(pull)) {
                pull.answer(pulled(List.of()));
            }
        } finally {
            lock.unlock();
        }
    }

    private List<Map<String, Object>> stops() {
        List<Map<String, Object>> stops = new ArrayList<>();
        for (HandOver job : jobs.values()) {
            if (job.runs() && job.stop != null) {
                stops.add(job.stop);
            }
        }
        return stops;
    }

    private Map<String, Object> beaten(List<Hold> named) {
        Map<String, Object> answer = new LinkedHashMap<>(unknown);
        answer.put("stops", stops());
        List<Map<String, Object>> abandon = new ArrayList<>();
        for (Hold hold : named) {
            HandOver job = find(hold);
            if (job != null && job.abandoned) {
                abandon.add(named(hold));
            }
        }
        answer.put("abandon", abandon);
        answer.put("drain", draining);
        return answer;
    }

    /// One item of the answer to `runner.result`.
    Map<String, Object> recorded(Report report) {
        HandOver job = jobs.get(report.key());
        String outcome = "stale";
        if (job != null && job.handed && !job.abandoned && !job.released) {
            job.reports++;
            outcome = job.recorded == null ? "recorded" : "duplicate";
            job.recorded = job.recorded == null ? report.result() : job.recorded;
        } else if (job != null) {
            job.reports++;
        }
        return Map.of("job_id", report.key().jobId(), "outcome", outcome);
    }

    private Map<String, Object> logged(Said.Log log) {
        String stream = stream(log);
        long end = logEnds.getOrDefault(stream, 0L);
        long offset = log.append().offset();
        long bytes = log.append().data().getBytes(StandardCharsets.UTF_8).length;
        if (offset <= end && offset + bytes > end) {
            end = offset + bytes;
            logEnds.put(stream, end);
        }
        return Map.of("next_offset", end, "window", logWindow);
    }

    private void release(Assignment.Key key) {
        HandOver job = jobs.get(key);
        if (job != null && job.runs()) {
            job.released = true;
        }
    }
}
