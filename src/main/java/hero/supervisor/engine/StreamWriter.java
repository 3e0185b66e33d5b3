package hero.supervisor.engine;

import hero.supervisor.domain.JobEvent;
import hero.supervisor.domain.LogChunk;

/// The messages of streams, made by the floor that knows the wire. An event is encoded once and then only put
/// behind each subscription's name. Safe for any thread.
public interface StreamWriter {

    /// The part of an event's message that is the same for everybody.
    byte[] event(JobEvent event);

    /// A whole message.
    ///
    /// @param event from [#event(JobEvent)]
    /// @param skipped so many earlier events of the job were left out
    byte[] message(String subscription, byte[] event, int skipped);

    /// A whole message: what lies behind `from`, up to and with `to`, is not told.
    byte[] gap(String subscription, String from, String to, Gap gap);

    /// A whole message: a piece of what a job printed.
    byte[] log(String subscription, LogChunk chunk);

    /// Why there is a gap.
    enum Gap {
        /// That part of the log is no longer kept.
        HISTORY_GONE("history_gone"),
        /// The position is not one of this database's log.
        UNKNOWN_POSITION("unknown_position"),
        /// The subscriber does not read fast enough; the log still has it.
        SLOW_READER("slow_reader");

        private final String word;

        Gap(String word) {
            this.word = word;
        }

        public String word() {
            return word;
        }
    }
}
