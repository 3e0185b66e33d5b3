package hero.supervisor.cli;

import hero.supervisor.client.Tree;
import hero.supervisor.domain.Time;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The surroundings of a command, handed in so that tests own them.
///
/// @param folder what relative paths start from
/// @param terminal true when a person looks at the output: colours and progress
record Shell(
        PrintWriter out,
        PrintWriter err,
        InputStream in,
        Map<String, String> env,
        Path folder,
        boolean terminal,
        Time time,
        Floors floors) {

    /// A variable of the environment; an empty one counts as unset.
    Optional<String> variable(String name) {
        String value = env.get(name);
        return value == null || value.isEmpty() ? Optional.empty() : Optional.of(value);
    }

    /// [Output.Lost] when it cannot be written.
    void line(String text) {
        out.println(text);
        out.flush();
    }

    /// What a server tells of itself: who no longer hears it does not end it.
    void say(String text) {
        try {
            line(text);
        } catch (Output.Lost e) {
            // Said in vain.
        }
    }

    void note(String text) {
        err.println(text);
        err.flush();
    }

    void json(@Nullable Object tree) {
        line(Tree.json(tree));
    }

    Path path(Path file) {
        return folder.resolve(file);
    }

    /// A text file, or stdin for `-`. [Failed] when it cannot be read.
    String read(Path file) {
        try {
            if ("-".equals(file.toString())) {
                return decoded(in.readAllBytes());
            }
            return Files.readString(path(file));
        } catch (IOException e) {
            boolean there = "-".equals(file.toString()) || Files.exists(path(file));
            String why = there ? "cannot be read as UTF-8 text" : "does not exist";
            String what = "-".equals(file.toString()) ? "what comes in at standard input" : "the file " + file;
            throw new Failed(Exit.USAGE, what + " " + why, e);
        }
    }

    /// As files are read: bytes that are no UTF-8 would be changed in silence.
    private static String decoded(byte[] bytes) throws CharacterCodingException {
        return StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes))
                .toString();
    }
}
