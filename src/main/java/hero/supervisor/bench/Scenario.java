package hero.supervisor.bench;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// What can be measured; `docs/PERFORMANCE.md` tells each in full.
public enum Scenario {
    RUN_64(true, "job.run in a closed loop, 64 at work over 4 WebSockets, one runner with 64 slots"),
    RUN_512(true, "the same with 512 at work and 512 slots"),
    RUN_4(true, "the same with 4 at work and 4 slots"),
    FEW_SLOTS(true, "job.run in a closed loop, 32 at work, eight runners of one queue with one slot each"),
    STEPS_64(true, "jobs.create, job.start and job.result for each job, 64 at work"),
    CREATE(true, "jobs.create one by one, 64 at work"),
    DRAIN(true, "queued jobs drained by one runner with 256 slots"),
    LONE(true, "job.run one at a time: its latency"),
    HTTP_64(true, "job.run over HTTP with keep-alive, 64 at work"),
    TWO_GATEWAYS(true, "callers on one gateway, the runner on another"),
    START(true, "from starting 'serve' on a migrated database to ready"),
    FRESH_64(true, "run-64 from the first call on of a server that has just been started"),
    GROWTH(false, "create, drain and run beside a long history and queue, against an empty database"),
    HELD_TRANSACTION(false, "throughput and sizes while a transaction stays open"),
    SOCKETS(false, "idle runner sockets with heartbeats: memory and processor"),
    WAITERS(false, "blocked job.result calls: memory"),
    FAN_OUT(false, "one event to many subscribers: the time until the last has it"),
    SOAK(false, "an hour of load: heap, connections and tables must stay as they are");

    private final boolean usual;
    private final String help;

    Scenario(boolean usual, String help) {
        this.usual = usual;
        this.help = help;
    }

    /// As users write it: `run-64`.
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    public String help() {
        return help;
    }

    public static Optional<Scenario> find(String word) {
        return EnumSet.allOf(Scenario.class).stream()
                .filter(scenario -> scenario.word().equals(word))
                .findFirst();
    }

    /// What is measured when nothing is named: what ends within minutes.
    public static Set<Scenario> usual() {
        EnumSet<Scenario> usual = EnumSet.allOf(Scenario.class);
        usual.removeIf(scenario -> !scenario.usual);
        return usual;
    }

    /// Measured once in each round; the others once.
    boolean inRounds() {
        return usual;
    }

    /// What two builds can be compared in, side by side.
    public static Set<Scenario> ofTwoBuilds() {
        Set<Scenario> scenarios = usual();
        scenarios.removeAll(Set.of(START, FRESH_64));
        return scenarios;
    }
}
