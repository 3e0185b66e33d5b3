package hero.supervisor.runner;

import hero.supervisor.client.Tree;
import java.util.Map;

/// A job's output as the text of a result.
record Output(Capture stdout) {
    private static final int EXPANSION_MAX = 6; // one byte as a JSON escape
    private static final int SIGNAL_BASE = 128;
    private static final Map<Integer, String> SIGNALS = Map.of(
            1, "SIGHUP", 2, "SIGINT", 3, "SIGQUIT", 4, "SIGILL", 6, "SIGABRT", 8, "SIGFPE", 9, "SIGKILL", 11, "SIGSEGV",
            13, "SIGPIPE", 15, "SIGTERM");

    /// Without the last line end; within the limits of output and of one message. JSON may need up to six bytes
    /// for one, so a long text is encoded to know, and cut again until it fits.
    String text(RunnerSettings settings) {
        long bytesMax = settings.outputBytesMax();
        while (true) {
            String text = withoutLastLineEnd(stdout.text((int) bytesMax));
            int fits = settings.resultBytesMax();
            if ((long) text.length() * EXPANSION_MAX <= fits) {
                return text;
            }
            long encoded = Tree.encodedBytes(text);
            if (encoded <= fits) {
                return text;
            }
            bytesMax = Math.min(bytesMax - 1, Math.min(bytesMax, stdout.total()) * fits / encoded * 9 / 10);
        }
    }

    /// A non-zero exit in words.
    static String exit(int exitCode) {
        String signal = SIGNALS.get(exitCode - SIGNAL_BASE);
        return signal == null
                ? "exit code " + exitCode
                : "exit code " + exitCode + ": killed by signal " + (exitCode - SIGNAL_BASE) + " (" + signal + ")";
    }

    private static String withoutLastLineEnd(String text) {
        if (!text.endsWith("\n")) {
            return text;
        }
        return text.substring(0, text.length() - (text.endsWith("\r\n") ? 2 : 1));
    }
}
