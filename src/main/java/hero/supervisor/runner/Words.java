package hero.supervisor.runner;

import java.util.ArrayList;
import java.util.List;

/// Splits a command line into words as a POSIX shell does, without expanding anything: blanks separate, quotes and
/// backslashes keep together. Source: POSIX.1-2024, Shell Command Language, §2.2.
final class Words {
    private final List<String> words = new ArrayList<>();
    private final StringBuilder word = new StringBuilder();
    private boolean inWord;
    private char quote;

    private Words() {}

    /// `IllegalArgumentException` when a quote stays open.
    static List<String> split(String line) {
        var splitter = new Words();
        for (int i = 0; i < line.length(); i++) {
            i += splitter.take(line.charAt(i), i + 1 < line.length() ? line.charAt(i + 1) : 0);
        }
        if (splitter.quote != 0) {
            throw new IllegalArgumentException("a quote (" + splitter.quote + ") stays open in: " + line);
        }
        splitter.end();
        return List.copyOf(splitter.words);
    }

    /// Takes one character; returns 1 when it took the next one too.
    private int take(char c, char next) {
        if (quote != 0) {
            if (c == quote) {
                quote = 0;
            } else if (c == '\\' && quote == '"' && (next == '"' || next == '\\' || next == '$' || next == '`')) {
                word.append(next);
                return 1;
            } else {
                word.append(c);
            }
        } else if (c == '\'' || c == '"') {
            quote = c;
            inWord = true;
        } else if (c == '\\' && next != 0) {
            word.append(next);
            inWord = true;
            return 1;
        } else if (Character.isWhitespace(c)) {
            end();
        } else {
            word.append(c);
            inWord = true;
        }
        return 0;
    }

    private void end() {
        if (inWord) {
            words.add(word.toString());
        }
        word.setLength(0);
        inWord = false;
    }
}
