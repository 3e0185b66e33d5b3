package hero.supervisor.wire;

import hero.supervisor.domain.Explanation;
import hero.supervisor.domain.JobFacts;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Explanations. Source: `openrpc.json job.explain`.
public final class ExplainJson {
    private ExplainJson() {}

    public static Body explanation(Explanation explanation) {
        JobFacts facts = explanation.facts();
        Map<String, Body> members = new LinkedHashMap<>();
        members.put("job_id", Bodies.text(facts.state().jobId()));
        members.put("status", Bodies.text(facts.state().status().word()));
        members.put("reason", Bodies.text(explanation.reason().word()));
        members.put("message", Bodies.text(explanation.message()));
        members.put("runner", Bodies.text(facts.runner()));
        members.put("queue", Bodies.text(facts.queue()));
        members.put("attempt", Bodies.number(facts.attempt()));
        members.put("ahead", Bodies.number(facts.ahead()));
        members.put("due_at", time(facts.dueAt()));
        members.put("expected_start", time(explanation.expectedStart()));
        members.put("stop_requested_at", time(facts.stopRequestedAt()));
        members.put("runners", supply(facts.supply()));
        JobFacts.Holder holder = facts.holder();
        members.put("held_by", holder == null ? Body.NULL : holder(holder));
        return Bodies.object(members);
    }

    private static Body supply(JobFacts.Supply supply) {
        Map<String, Body> members = new LinkedHashMap<>();
        members.put("names", Bodies.number(supply.names()));
        members.put("open_names", Bodies.number(supply.openNames()));
        members.put("connections", Bodies.number(supply.sessions()));
        members.put("slots", Bodies.number(supply.slots()));
        members.put("running", Bodies.number(supply.running()));
        members.put("with_executor", Bodies.number(supply.withExecutor()));
        return Bodies.object(members);
    }

    private static Body holder(JobFacts.Holder holder) {
        Map<String, Body> members = new LinkedHashMap<>();
        members.put("session_id", Bodies.text(holder.sessionId()));
        members.put("runner", Bodies.text(holder.runner()));
        members.put("node", Bodies.text(holder.node()));
        members.put("since", time(holder.since()));
        members.put("last_seen", time(holder.seenAt()));
        return Bodies.object(members);
    }

    private static Body time(@Nullable Instant at) {
        return at == null ? Body.NULL : Bodies.instant(at);
    }
}
