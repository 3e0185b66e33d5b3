package hero.supervisor.api;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Grant;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Progress;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Report;
import hero.supervisor.domain.Stop;
import hero.supervisor.engine.Beats;
import hero.supervisor.engine.Logs;
import hero.supervisor.engine.RunnerLink;
import hero.supervisor.engine.Runners;
import hero.supervisor.engine.Session;
import hero.supervisor.wire.Body;
import hero.supervisor.wire.LogJson;
import hero.supervisor.wire.RunnerJson;
import hero.supervisor.wire.RunnerReader;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// `runner.*`: what connected runners call. One session per connection. Source: contract §6.
final class RunnerProtocol {
    private static final Logger log = LoggerFactory.getLogger(RunnerProtocol.class);
    private static final long WAIT_DEFAULT_MS = 30_000;

    private final Runners runners;
    private final Logs logs;
    private final RunnerReader reader;
    private final Limits limits;
    private final Duration waitMax;
    private final ConcurrentHashMap<String, Joined> joined = new ConcurrentHashMap<>();

    private record Joined(Session session, RunnerLink link) {}

    RunnerProtocol(Runners runners, Logs logs, RunnerReader reader, Limits limits, Duration waitMax) {
        this.runners = runners;
        this.logs = logs;
        this.reader = reader;
        this.limits = limits;
        this.waitMax = waitMax;
    }

    Body connect(Call call) {
        Peer peer = call.peer();
        RunnerLink link = new PeerLink(peer);
        var answer = runners.connect(reader.connect(call.params()), link, call.origin());
        carry(peer, call.grant());
        Joined before = joined.put(peer.id(), new Joined(answer.session(), link));
        if (before == null) {
            peer.onEnd(() -> leave(peer));
        } else if (!before.session().id().equals(answer.session().id())) {
            runners.disconnected(before.session(), before.link());
        }
        return RunnerJson.connected(answer.answer());
    }

    /// `runner.connect` shows the secret, the calls after it need not: the connection carries it, unless it
    /// carries one already that will do.
    private static void carry(Peer peer, @Nullable Grant shown) {
        Grant carried = peer.grant();
        if (shown != null && (carried == null || !Access.RUNNER.allows(carried.scope()))) {
            peer.login(shown);
        }
    }

    private void leave(Peer peer) {
        Joined gone = joined.remove(peer.id());
        if (gone == null) {
            return;
        }
        try {
            runners.disconnected(gone.session(), gone.link());
        } catch (Refusal e) {
            // The database is away, or we are leaving: the session's lease ends by itself.
            log.atDebug()
                    .addKeyValue("peer", peer.id())
                    .addKeyValue("kind", e.kind().word())
                    .log("session left to its lease");
        }
    }

    /// Without a thread, but for calls that also have to say that the runner is alive.
    Prompt prompt(Prompt method) {
        return new Prompt() {
            @Override
            public Pending<?> begin(Call call) {
                return method.begin(call);
            }

            @Override
            public boolean fits(Peer peer) {
                Joined present = joined.get(peer.id());
                return present == null || !runners.mustTell(present.session());
            }
        };
    }

    Pending<List<Assignment>> pull(Call call) {
        Joined joined = joined(call);
        Session session = joined.session();
        int max = (int) call.params().integer("max", 1, limits.pullJobs());
        long waitMs = call.params().integer("wait_ms", 0, waitMax.toMillis(), WAIT_DEFAULT_MS);
        return (waitMs == 0
                        ? Pending.wait(runners.look(session, joined.link(), max), null, jobs -> pulled(session, jobs))
                        : Pending.wait(
                                runners.pull(session, joined.link(), max),
                                Duration.ofMillis(waitMs),
                                jobs -> pulled(session, jobs)))
                .orElse(() -> pulled(session, List.of()))
                .slowFor(jobs -> jobs.stream().anyMatch(job -> job.attempt() > 1));
    }

    private Body pulled(Session session, List<Assignment> jobs) {
        return RunnerJson.pulled(
                jobs, runners.stops(session), runners.drains(session), prior(jobs), runners.traces(jobs));
    }

    /// What earlier attempts of these jobs said last. The jobs are handed out already: they go without it rather
    /// than not at all.
    private Map<String, Progress> prior(List<Assignment> jobs) {
        List<String> again = jobs.stream()
                .filter(job -> job.attempt() > 1)
                .map(job -> job.job().id())
                .toList();
        try {
            return again.isEmpty() ? Map.of() : logs.progress(again);
        } catch (Refusal e) {
            return Map.of();
        }
    }

    Pending<Beats.Beaten> heartbeat(Call call) {
        return Pending.commit(runners.beat(session(call), reader.holds(call.params())), beaten -> {
                    Beats.Beat beat = beaten.answer();
                    return RunnerJson.beaten(beat.stops(), beat.abandon(), beat.drain());
                })
                .slowFor(beaten -> !beaten.isQuick());
    }

    Pending<Body> result(Call call) {
        List<Report> reports = reader.reports(call.params());
        var recording = runners.complete(session(call), reports, call.origin());
        var recorded = CompletableFuture.allOf(recording.toArray(CompletableFuture<?>[]::new));
        return Pending.commit(
                recorded.thenApply(_ -> RunnerJson.outcomes(
                        reports.stream().map(report -> report.key().jobId()).toList(),
                        recording.stream().map(CompletableFuture::resultNow).toList())),
                outcomes -> outcomes);
    }

    Body log(Call call) {
        session(call);
        Logs.Taken taken = call.commit(logs.append(reader.log(call.params())));
        return LogJson.taken(taken.nextOffset(), taken.window());
    }

    Body progress(Call call) {
        session(call);
        call.commit(logs.say(reader.key(call.params()), reader.progress(call.params())));
        return Body.NULL;
    }

    Body release(Call call) {
        runners.release(session(call), reader.keys(call.params()));
        return Body.NULL;
    }

    Body drain(Call call) {
        runners.drain(session(call));
        return Body.NULL;
    }

    private Session session(Call call) {
        return joined(call).session();
    }

    private Joined joined(Call call) {
        Joined present = joined.get(call.peer().id());
        if (present == null) {
            throw Refusal.conflict("this connection has no runner session; call runner.connect first")
                    .with("reason", "not_connected");
        }
        return present;
    }

    /// A runner's socket, as the engine sees it.
    private record PeerLink(Peer peer) implements RunnerLink {
        @Override
        public void stop(Stop order) {
            peer.notify(RunnerJson.stop(order));
        }

        @Override
        public void close(int code, String reason) {
            peer.close(code, reason);
        }

        /// Each connection is one of its own.
        @Override
        public boolean equals(Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }
}
