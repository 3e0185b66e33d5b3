package hero.supervisor.domain;

import java.nio.charset.StandardCharsets;

/// A piece of what one attempt of a job printed.
///
/// @param offset of its first byte in its stream, counted in bytes of UTF-8
/// @param place bytes of both streams that were written before it: orders the chunks of an attempt
public record LogChunk(String jobId, int attempt, LogStream stream, long offset, long place, String data) {

    /// Bytes of UTF-8.
    public int size() {
        return data.getBytes(StandardCharsets.UTF_8).length;
    }

    /// Without its first `bytes`, rounded up to whole characters.
    public LogChunk from(long bytes) {
        if (bytes <= 0) {
            return this;
        }
        byte[] all = data.getBytes(StandardCharsets.UTF_8);
        int at = (int) Math.min(bytes, all.length);
        while (at < all.length && (all[at] & 0xC0) == 0x80) {
            at++;
        }
        String rest = new String(all, at, all.length - at, StandardCharsets.UTF_8);
        return new LogChunk(jobId, attempt, stream, offset + at, place + at, rest);
    }
}
