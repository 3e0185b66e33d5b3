package hero.supervisor.engine;

import java.time.Duration;

/// The engine's own knobs.
///
/// @param node this gateway's name, unique among those on one database
/// @param heartbeat how often a runner shall beat
/// @param lease how long a session lives without a beat
/// @param resumeGrace how long a session lives after its socket broke
/// @param redeliveries how often a job is handed out again after its runner was lost
/// @param stopGrace between asking a job to stop and killing it; after as long again the server ends it by itself
/// @param deadlineSlack what a runner may take beyond a job's timeout to report it before the server ends the job
/// @param pullWaitMax the longest that one `runner.pull` stays open
public record Settings(
        String node,
        Duration heartbeat,
        Duration lease,
        Duration resumeGrace,
        int redeliveries,
        Duration stopGrace,
        Duration deadlineSlack,
        Duration pullWaitMax) {

    public static Settings defaults(String node) {
        return new Settings(
                node,
                Duration.ofSeconds(10),
                Duration.ofSeconds(30),
                Duration.ofSeconds(10),
                2,
                Duration.ofSeconds(10),
                Duration.ofSeconds(1),
                Duration.ofSeconds(60));
    }

    /// A session that has been silent for so long is told to the store by its other calls as well. Not sooner:
    /// each pull of a runner that beats in time would keep a thread for that.
    long lateNanos() {
        return Math.min(heartbeat.toNanos() * 3 / 2, lease.toNanos() / 2);
    }
}
