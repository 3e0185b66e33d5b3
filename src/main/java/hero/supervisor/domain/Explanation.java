package hero.supervisor.domain;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// Why a job is where it is, in one word for programs and one sentence for people.
///
/// @param expectedStart a guess from the jobs ahead and the run times of late; null when there is nothing to
/// guess from
///
/// Source: `openrpc.json job.explain`.
public record Explanation(
        JobFacts facts,
        Reason reason,
        String message,
        @Nullable Instant expectedStart) {

    /// The stable words.
    public enum Reason {
        NOT_STARTED("not_started"),
        WAITING_FOR_TIME("waiting_for_time"),
        NO_RUNNER("no_runner"),
        RUNNER_STOPPED("runner_stopped"),
        RUNNER_OFFLINE("runner_offline"),
        NO_FREE_SLOT("no_free_slot"),
        NEXT("next"),
        RUNNING("running"),
        STOPPING("stopping"),
        HOLDER_SILENT("holder_silent"),
        ENDED("ended");

        private final String word;

        Reason(String word) {
            this.word = word;
        }

        public String word() {
            return word;
        }
    }

    private static final Duration SILENCE = Duration.ofSeconds(20);

    /// Judges the facts.
    public static Explanation of(JobFacts facts) {
        return switch (facts.state().status()) {
            case CREATED -> because(facts, Reason.NOT_STARTED, "it was created but not started; call job.start");
            case QUEUED -> queued(facts);
            case RUNNING -> running(facts);
            case COMPLETED, FAILED, TIMEOUT ->
                because(
                        facts,
                        Reason.ENDED,
                        "it has ended: " + facts.state().status().word());
        };
    }

    private static Explanation because(JobFacts facts, Reason reason, String message) {
        return new Explanation(facts, reason, message, null);
    }

    private static Explanation queued(JobFacts facts) {
        JobFacts.Supply supply = facts.supply();
        Instant dueAt = facts.dueAt();
        if (dueAt != null) {
            String why = facts.attempt() == 0 ? "its start_at" : "the delay before its retry";
            return new Explanation(facts, Reason.WAITING_FOR_TIME, "it waits for " + why + ", until " + dueAt, dueAt);
        } else if (supply.names() == 0) {
            return because(
                    facts,
                    Reason.NO_RUNNER,
                    "no runner is registered for the queue '" + facts.queue()
                            + "' any more; register one with register_runner");
        } else if (supply.openNames() == 0) {
            return because(
                    facts,
                    Reason.RUNNER_STOPPED,
                    "the flow of jobs to the queue '" + facts.queue() + "' is closed; open it with start_runner");
        } else if (supply.sessions() == 0) {
            return because(
                    facts,
                    Reason.RUNNER_OFFLINE,
                    "no runner of the queue '" + facts.queue()
                            + "' is connected; start one, as in: supervisor runner --name " + facts.runner());
        }
        return inLine(facts);
    }

    private static Explanation inLine(JobFacts facts) {
        JobFacts.Supply supply = facts.supply();
        long free = supply.slots() - supply.running();
        String place = facts.ahead() == 0 ? "it is next" : facts.ahead() + " jobs go first";
        if (facts.ahead() < free) {
            String caution = supply.withExecutor() == 0
                    ? "; no connected runner names the executor '" + facts.executor() + "'"
                    : "";
            return new Explanation(
                    facts, Reason.NEXT, place + " and a slot is free: it starts at once" + caution, facts.now());
        }
        return new Explanation(
                facts,
                Reason.NO_FREE_SLOT,
                place + "; all " + supply.slots() + " slots of " + supply.sessions() + " connected runners are taken",
                expected(facts));
    }

    /// Every slot takes a job per mean run time.
    private static @Nullable Instant expected(JobFacts facts) {
        Double meanRunS = facts.meanRunS();
        if (meanRunS == null) {
            return null;
        }
        double rounds = (facts.ahead() + 1.0) / Math.max(1, facts.supply().slots());
        return facts.now().plusMillis((long) (rounds * meanRunS * 1000));
    }

    private static Explanation running(JobFacts facts) {
        JobFacts.Holder holder = facts.holder();
        if (holder == null) {
            return because(
                    facts, Reason.HOLDER_SILENT, "the session that held it is gone; it is taken back in a moment");
        }
        String held = "runner '" + holder.runner() + "' has it since " + holder.since() + " (attempt " + facts.attempt()
                + ", session " + holder.sessionId() + " at " + holder.node() + ")";
        if (facts.stopRequestedAt() != null) {
            return because(facts, Reason.STOPPING, "it was asked to stop at " + facts.stopRequestedAt() + "; " + held);
        } else if (Duration.between(holder.seenAt(), facts.now()).compareTo(SILENCE) > 0) {
            return because(
                    facts, Reason.HOLDER_SILENT, held + ", but that runner was last heard of at " + holder.seenAt());
        }
        return because(facts, Reason.RUNNING, "it runs: " + held);
    }
}
