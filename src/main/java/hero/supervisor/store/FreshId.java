package hero.supervisor.store;

/// Ids that say that they were made within the last moments, as UUIDs of version 7 do: those of jobs that come
/// without one, and those of many callers. No job has such an id yet, or hardly ever: one that is sent again is
/// older by then. Only a guess, which nothing may rely on. Source: RFC 9562 §5.7.
final class FreshId {
    private static final int FRESH_MS = 1000;
    private static final int UUID_CHARS = 36;
    private static final int VERSION_AT = 14;
    private static final int HEX = 16;

    private FreshId() {}

    static boolean is(String id, long nowMs) {
        if (id.length() != UUID_CHARS || id.charAt(VERSION_AT) != '7') {
            return false;
        }
        try {
            long made = (Long.parseLong(id, 0, 8, HEX) << 16) | Long.parseLong(id, 9, 13, HEX);
            return Math.abs(nowMs - made) <= FRESH_MS;
        } catch (NumberFormatException e) {
            return false;
        }
    }
}
