package hero.supervisor.domain;

import java.util.Optional;

/// One of the two that a process writes to.
public enum LogStream {
    STDOUT("stdout"),
    STDERR("stderr");

    private final String word;

    LogStream(String word) {
        this.word = word;
    }

    public String word() {
        return word;
    }

    /// The stream of that word, if it is one.
    public static Optional<LogStream> find(String word) {
        for (LogStream stream : values()) {
            if (stream.word.equals(word)) {
                return Optional.of(stream);
            }
        }
        return Optional.empty();
    }
}
