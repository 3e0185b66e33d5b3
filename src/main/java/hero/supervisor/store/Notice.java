package hero.supervisor.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// One notification: a gateway has committed something, and as much of it as fits. Its lines:
///
/// ```
/// node                  who says it
/// queue                 jobs have come back to their places in it, or have become due; `*` for any queue
/// TAB priority TAB seq  the first of them, once for each priority
/// TAB q TAB queue       new jobs wait in it, behind all others
/// TAB b                 whoever wrote those jobs fills the pulls of other gateways, when they are lent
/// TAB e TAB job_id      the job has ended
/// TAB l, r, g …         see [Lending]
/// TAB . TAB µs          that is all; the log need not be read for it. The first of it was committed about then,
///                       in microseconds since 1970
/// ```
///
/// Who does not know a line takes it for the name of a queue that is not there, and reads the log for all of it:
/// so gateways of different versions understand each other.
///
/// @param ripened places that claims may have passed; the queue [Notifications#ALL] stands for any
/// @param queues with new jobs
/// @param ended ids of jobs
/// @param borrows whether the new jobs come from a gateway that takes loans
/// @param lendings what is said about pulls, in order; each to one gateway
/// @param since when the first of it was committed, by the sender's clock; null when the log holds more than this
///     that somebody may wait for
public record Notice(
        String node,
        List<Spot> ripened,
        List<String> queues,
        List<String> ended,
        boolean borrows,
        List<Lending> lendings,
        @Nullable Instant since) {
    private static final String QUEUE = "\tq\t";
    private static final String ENDED = "\te\t";
    private static final String BORROWS = "\tb";
    private static final String ALL = "\t.\t";
    private static final Pattern PLACE = Pattern.compile("\t(-?\\d{1,5})\t(\\d{1,19})");

    /// NOTIFY takes less than 8000 bytes.
    private static final int BYTES_MAX = 7900;

    /// Of which the last line needs this.
    private static final int ALL_BYTES = 24;

    /// A character may be four bytes.
    private static final int RIPENED_CHARS_MAX = 1900;

    /// A longer word would wait for ever for a notification that it fits into.
    private static final int WORD_BYTES_MAX = 7000;

    /// More would not fit.
    private static final int LINES_MAX = 500;

    /// That of one that has just begun to listen: whoever hears it answers.
    static String hello(String node) {
        return node + "\n" + Notifications.ALL;
    }

    /// Something may have been committed, anything by anybody.
    static Notice anything() {
        return new Notice("", List.of(Spot.in(Notifications.ALL)), List.of(), List.of(), false, List.of(), null);
    }

    static Notice of(String payload) {
        List<String> lines = payload.lines().toList();
        List<Spot> ripened = new ArrayList<>();
        List<String> queues = new ArrayList<>();
        List<String> ended = new ArrayList<>();
        List<Lending> lendings = new ArrayList<>();
        boolean borrows = false;
        Instant since = null;
        for (String line : lines.subList(Math.min(1, lines.size()), lines.size())) {
            if (line.startsWith(ENDED)) {
                ended.add(line.substring(ENDED.length()));
            } else if (line.startsWith(QUEUE)) {
                queues.add(line.substring(QUEUE.length()));
            } else if (line.startsWith(ALL)) {
                since = instant(line.substring(ALL.length()));
            } else if (line.equals(BORROWS)) {
                borrows = true;
            } else {
                Lending lending = Lending.of(line);
                if (lending == null) {
                    ripened(line, ripened);
                } else {
                    lendings.add(lending);
                }
            }
        }
        return new Notice(lines.isEmpty() ? "" : lines.getFirst(), ripened, queues, ended, borrows, lendings, since);
    }

    private static void ripened(String line, List<Spot> ripened) {
        Matcher place = PLACE.matcher(line);
        if (!place.matches() || ripened.isEmpty()) {
            ripened.add(Spot.in(line));
            return;
        }
        String queue = ripened.getLast().queue();
        if (ripened.getLast().place() == null) {
            ripened.removeLast();
        }
        ripened.add(Spot.of(queue, Integer.parseInt(place.group(1)), Long.parseLong(place.group(2))));
    }

    private static @Nullable Instant instant(String micros) {
        try {
            return Instant.EPOCH.plus(Long.parseLong(micros), ChronoUnit.MICROS);
        } catch (NumberFormatException | DateTimeException e) {
            return null;
        }
    }

    boolean isHello() {
        return ripened.contains(Spot.in(Notifications.ALL));
    }

    /// True when nothing else has to be looked for.
    public boolean isAll() {
        return since != null;
    }

    /// What the next notification will say. For one thread at a time.
    static final class Draft {
        private final String node;
        private final TreeMap<String, TreeMap<Integer, Long>> ripe = new TreeMap<>();
        private final Set<String> lines = new LinkedHashSet<>();
        private final ArrayDeque<String> words = new ArrayDeque<>();
        private @Nullable Instant since;
        private boolean more;

        Draft(String node) {
            this.node = node;
        }

        void ripened(Collection<Spot> spots) {
            for (Spot spot : spots) {
                TreeMap<Integer, Long> places = ripe.computeIfAbsent(spot.queue(), _ -> new TreeMap<>());
                Spot.Place place = spot.place();
                if (place != null) {
                    places.merge(place.priority(), place.seq(), Math::min);
                }
            }
        }

        void add(Committed.News news, Instant now) {
            since = since == null ? now : since;
            more |= !news.isAll();
            news.queues().forEach(queue -> add(QUEUE, queue));
            news.ended().forEach(job -> add(ENDED, job));
        }

        void say(Lending word, Instant now) {
            String line = word.line();
            if (line != null && bytes(line) <= WORD_BYTES_MAX) {
                since = since == null ? now : since;
                words.add(line);
            }
        }

        /// True when words are left that have not fitted.
        boolean saysMore() {
            return !words.isEmpty();
        }

        private void add(String kind, String name) {
            if (lines.size() < LINES_MAX && name.chars().noneMatch(Character::isISOControl)) {
                lines.add(kind + name);
                if (kind.equals(QUEUE)) {
                    lines.add(BORROWS);
                }
            } else {
                more = true;
            }
        }

        /// Its payload; the next one begins.
        String take() {
            List<String> said = new ArrayList<>();
            ripe.forEach((queue, places) -> {
                said.add(queue);
                places.forEach((priority, seq) -> said.add("\t" + priority + "\t" + seq));
            });
            if (node.length() + String.join("\n", said).length() >= RIPENED_CHARS_MAX) {
                said.clear();
                said.add(Notifications.ALL);
            }
            said.addFirst(node);
            int room =
                    BYTES_MAX - ALL_BYTES - said.stream().mapToInt(Draft::bytes).sum();
            while (!words.isEmpty() && bytes(words.element()) <= room) {
                room -= bytes(words.element());
                said.add(words.remove());
            }
            for (String line : lines) {
                room -= bytes(line);
                if (room < 0) {
                    more = true;
                    break;
                }
                said.add(line);
            }
            if (since != null && !more) {
                said.add(ALL + ChronoUnit.MICROS.between(Instant.EPOCH, since));
            }
            ripe.clear();
            lines.clear();
            since = words.isEmpty() ? null : since;
            more = false;
            return String.join("\n", said);
        }

        private static int bytes(String line) {
            return line.getBytes(UTF_8).length + 1;
        }
    }
}
