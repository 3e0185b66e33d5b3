package hero.supervisor.check;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The kit's payloads for one executor. What a job does besides is told to it by variables:
/// `CHECK_TEXT` to print, `CHECK_MARKS` a file that gets a character each 50 ms, `CHECK_TICKS` how many.
///
/// @param comment begins a comment that ends with its line
record Language(String executor, String comment, Map<Task, String> payloads) {

    /// What jobs are asked for.
    enum Task {
        /// Prints `CHECK_TEXT` and ends well.
        SAY,
        /// Prints `CHECK_TEXT` on stderr and ends with code 3.
        FAIL,
        /// Puts marks until it is told to end.
        WORK,
        /// Likewise, and ignores SIGTERM.
        STUBBORN
    }

    private static final String SH_LOOP = """
            i=0
            while [ $i -lt "$CHECK_TICKS" ]; do
              printf . >> "$CHECK_MARKS"
              sleep 0.05
              i=$((i+1))
            done
            """;

    private static final Language SH = new Language(
            "sh",
            "#",
            Map.of(
                    Task.SAY,
                    "printf '%s\\n' \"$CHECK_TEXT\"\n",
                    Task.FAIL,
                    "printf '%s\\n' \"$CHECK_TEXT\" >&2\nexit 3\n",
                    Task.WORK,
                    SH_LOOP,
                    Task.STUBBORN,
                    "trap '' TERM\n" + SH_LOOP));

    private static final String PYTHON_LOOP = """
            import os, signal, time
            %sfor i in range(int(os.environ['CHECK_TICKS'])):
                with open(os.environ['CHECK_MARKS'], 'a') as marks:
                    marks.write('.')
                time.sleep(0.05)
            """;

    private static final Language PYTHON = new Language(
            "python",
            "#",
            Map.of(
                    Task.SAY,
                    "import os, sys\nsys.stdout.buffer.write((os.environ['CHECK_TEXT'] + '\\n').encode())\n",
                    Task.FAIL,
                    "import os, sys\nsys.stderr.write(os.environ['CHECK_TEXT'] + '\\n')\nsys.exit(3)\n",
                    Task.WORK,
                    PYTHON_LOOP.formatted(""),
                    Task.STUBBORN,
                    PYTHON_LOOP.formatted("signal.signal(signal.SIGTERM, signal.SIG_IGN)\n")));

    private static final String NODE_LOOP = """
            %slet left = Number(process.env.CHECK_TICKS);
            const timer = setInterval(() => {
              if (left-- <= 0) return clearInterval(timer);
              require('fs').appendFileSync(process.env.CHECK_MARKS, '.');
            }, 50);
            """;

    private static final Language NODE = new Language(
            "node",
            "//",
            Map.of(
                    Task.SAY,
                    "console.log(process.env.CHECK_TEXT);\n",
                    Task.FAIL,
                    "console.error(process.env.CHECK_TEXT);\nprocess.exitCode = 3;\n",
                    Task.WORK,
                    NODE_LOOP.formatted(""),
                    Task.STUBBORN,
                    NODE_LOOP.formatted("process.on('SIGTERM', () => {});\n")));

    private static final Map<String, Language> KNOWN = known();

    Language {
        payloads = Map.copyOf(payloads);
    }

    private static Map<String, Language> known() {
        Map<String, Language> known = new LinkedHashMap<>();
        known.put("sh", SH);
        known.put("bash", SH.under("bash"));
        known.put("python", PYTHON);
        known.put("python3", PYTHON.under("python3"));
        known.put("node", NODE);
        return known;
    }

    private Language under(String name) {
        return new Language(name, comment, payloads);
    }

    /// Payloads of the user's own for one of the runner's executors, by the names of [Task] in lower case.
    static Language own(String executor, Map<Task, String> payloads) {
        return new Language(executor, "", payloads);
    }

    /// The first that the kit knows among a runner's executors.
    static Optional<Language> among(List<String> executors, @Nullable Language own) {
        if (own != null) {
            return executors.contains(own.executor()) ? Optional.of(own) : Optional.empty();
        }
        return KNOWN.entrySet().stream()
                .filter(entry -> executors.contains(entry.getKey()))
                .map(Map.Entry::getValue)
                .findFirst();
    }

    static List<String> names() {
        return List.copyOf(KNOWN.keySet());
    }
}
