package hero.supervisor.domain;

import org.jspecify.annotations.Nullable;
import org.slf4j.spi.LoggingEventBuilder;

/// The call that a change comes from: named on the lines of the log that it causes, and handed on to the jobs that
/// it creates.
///
/// @param peer the connection of the call, minted by the server; empty when there is no call
/// @param request the caller's own id of the call, as it stands in its text; `-` for a notification
/// @param trace null when the call has none
public record Origin(String peer, String request, @Nullable Trace trace) {
    /// Nobody asked, or nobody wants to know who did.
    public static final Origin NONE = new Origin("", "", null);

    /// Longer ids are cut in the log.
    private static final int REQUEST_CHARS = 64;

    /// The line with `peer` and `request`, which together name the line of the call.
    public LoggingEventBuilder on(LoggingEventBuilder line) {
        return peer.isEmpty() ? line : line.addKeyValue("peer", peer).addKeyValue("request", cut());
    }

    private String cut() {
        return request.length() <= REQUEST_CHARS ? request : request.substring(0, REQUEST_CHARS) + "…";
    }
}
