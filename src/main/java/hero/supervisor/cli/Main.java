package hero.supervisor.cli;

import hero.supervisor.app.CannotStart;
import hero.supervisor.app.LogSetup;
import hero.supervisor.app.Setting;
import hero.supervisor.domain.Time;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.bridge.SLF4JBridgeHandler;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/// The entry point of everything: `supervisor COMMAND …`.
public final class Main {
    private static final Pattern NO_PAIR =
            Pattern.compile("Value for (?:option )*'([^']+)' \\(([^)]+)\\) should be in KEY=VALUE format but was (.*)");
    private static final Pattern NO_NUMBER =
            Pattern.compile("Invalid value for option '([^']+)'(?: \\([^)]*\\))?: '(.*)' is not an? (double|int|long)");

    private Main() {}

    /// Ends the process with the command's exit code.
    public static void main(String[] args) {
        if (args.length > 0 && args[0].equals("dev") && System.getenv(LogSetup.LEVEL) == null) {
            // What dev says is for a newcomer's eyes: a line per job is not.
            System.setProperty(LogSetup.LEVEL, "WARN");
        }
        PrintWriter out = Output.writer(new FileOutputStream(FileDescriptor.out));
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        SLF4JBridgeHandler.removeHandlersForRootLogger();
        SLF4JBridgeHandler.install();
        System.exit(run(args, out, err, System.getenv()));
    }

    /// One command in this process; the exit code of contract §2.
    static int run(String[] args, PrintWriter out, PrintWriter err, Map<String, String> env) {
        boolean terminal =
                Boolean.getBoolean("supervisor.terminal"); // told by the script, which can ask for each stream
        Path folder = Path.of("").toAbsolutePath();
        return run(args, new Shell(out, err, System.in, env, folder, terminal, Time.system(), new Wired()));
    }

    static int run(String[] args, Shell shell) {
        int exit = execute(args, shell);
        shell.err().flush();
        return exit;
    }

    private static int execute(String[] args, Shell shell) {
        if (args.length == 1 && args[0].equals("serve")) {
            return served(shell);
        }
        CommandLine commands = commands(shell, args.length == 0 ? "" : args[0]);
        // Not straight to where answers go: what picocli cannot write it shows with a stack.
        StringWriter help = new StringWriter();
        commands.setOut(new PrintWriter(help));
        int exit = commands.execute(args);
        try {
            shell.out().print(help);
            shell.out().flush();
            return exit;
        } catch (Output.Lost e) {
            return exit == Exit.OK ? failed(shell, e) : exit;
        }
    }

    /// Servers are mostly started without a flag. There is nothing to parse then, and to tell picocli of all flags
    /// is an eighth of the time that a start takes.
    private static int served(Shell shell) {
        try {
            return ServeCommand.plain(shell);
        } catch (RuntimeException e) {
            return failed(shell, e);
        }
    }

    /// By the name that each gives itself, in the order of the help.
    private static Map<String, Function<Shell, CommandLine>> table() {
        Map<String, Function<Shell, CommandLine>> table = new LinkedHashMap<>();
        table.put("dev", shell -> withSettings(new DevCommand(shell), DevCommand.FLAGS));
        table.put("serve", shell -> withSettings(new ServeCommand(shell), List.of(Setting.values())));
        table.put("migrate", shell -> withSettings(new MigrateCommand(shell), ServerOptions.DATABASE));
        table.put("report", shell -> withSettings(new ReportCommand(shell), ServerOptions.DATABASE));
        table.put("runner", shell -> new CommandLine(new RunnerCommand(shell)));
        table.put("runner-check", shell -> new CommandLine(new RunnerCheckCommand(shell)));
        table.put("job", shell -> new CommandLine(new JobCommand(shell)));
        table.put("runners", shell -> new CommandLine(new RunnersCommand(shell)));
        table.put("secret", shell -> new CommandLine(new SecretCommand(shell)));
        table.put("bench", shell -> withSettings(new BenchCommand(shell), BenchCommand.FLAGS));
        return table;
    }

    /// Only what the first word names, or all for the help: to describe all to picocli takes a tenth of a second.
    private static CommandLine commands(Shell shell, String first) {
        CommandLine root = new CommandLine(new Root());
        Map<String, Function<Shell, CommandLine>> table = table();
        Function<Shell, CommandLine> named = table.get(first);
        if (named != null) {
            root.addSubcommand(named.apply(shell));
            addHelp(root);
        } else {
            table.values().forEach(command -> root.addSubcommand(command.apply(shell)));
            addHelp(root);
            CommandLine completion = new CommandLine(new AutoComplete.GenerateCompletion());
            completion.getCommandSpec().usageMessage().hidden(true);
            root.addSubcommand(completion);
        }
        root.getCommandSpec()
                .addOption(OptionSpec.builder("-V", "--version")
                        .versionHelp(true)
                        .description("tell the version")
                        .build());
        boolean colours = shell.terminal() && shell.variable("NO_COLOR").isEmpty();
        root.setColorScheme(CommandLine.Help.defaultColorScheme(colours ? Ansi.ON : Ansi.OFF));
        root.setUsageHelpAutoWidth(false);
        root.setUsageHelpWidth(110);
        root.setErr(shell.err());
        root.setParameterExceptionHandler((e, args) -> misunderstood(shell, e));
        root.setExecutionExceptionHandler((e, command, parsed) -> failed(shell, e));
        return root;
    }

    private static CommandLine withSettings(Object command, List<Setting> settings) {
        CommandLine line = new CommandLine(command);
        ServerOptions.add(line.getCommandSpec(), settings);
        return line;
    }

    private static void addHelp(CommandLine command) {
        command.getCommandSpec()
                .addOption(OptionSpec.builder("-h", "--help")
                        .usageHelp(true)
                        .description("show this help")
                        .build());
        command.getSubcommands().values().forEach(Main::addHelp);
    }

    private static int misunderstood(Shell shell, ParameterException e) {
        CommandLine command = e.getCommandLine();
        shell.note(
                "supervisor: " + words(e) + "; see '" + command.getCommandSpec().qualifiedName() + " --help'");
        return Exit.USAGE;
    }

    private static String words(ParameterException e) {
        if (e instanceof UnmatchedArgumentException unmatched
                && !unmatched.getUnmatched().isEmpty()) {
            String word = unmatched.getUnmatched().getFirst();
            String what = word.startsWith("-") ? "option '" : "command or argument '";
            List<String> known = e.getCommandLine().getSubcommands().keySet().stream()
                    .filter(name -> !name.equals("generate-completion"))
                    .toList();
            String there = known.isEmpty() ? "" : "; there are " + String.join(", ", known);
            return "unknown " + what + word + "'" + there;
        }
        return value(oneLine(e.getMessage()));
    }

    /// What picocli says of a value that it cannot read names Java's types.
    private static String value(String message) {
        Matcher pair = NO_PAIR.matcher(message);
        if (pair.matches()) {
            return pair.group(1) + " is '" + pair.group(3) + "'; it must be " + pair.group(2);
        }
        Matcher number = NO_NUMBER.matcher(message);
        if (number.matches()) {
            return number.group(1) + " is '" + number.group(2) + "'; it must be a "
                    + (number.group(3).equals("double") ? "number" : "whole number that is not too large");
        }
        return message;
    }

    private static int failed(Shell shell, Exception e) {
        if (shell.variable("SUPERVISOR_DEBUG").isPresent()) {
            e.printStackTrace(shell.err());
        }
        return switch (e) {
            case Failed failure -> told(shell, failure.getMessage(), failure.exit());
            case Output.Lost lost ->
                lost.readerLeft() ? Exit.READER_LEFT : told(shell, lost.getMessage(), Exit.CONNECTION);
            case CannotStart problem ->
                told(
                        shell,
                        problem.getMessage(),
                        switch (problem.reason()) {
                            case SETTING -> Exit.USAGE;
                            case SURROUNDINGS -> Exit.CONNECTION;
                        });
            default -> told(shell, "this is a bug: " + e + "; SUPERVISOR_DEBUG=1 shows where it happened", Exit.BUG);
        };
    }

    private static int told(Shell shell, @Nullable String message, int exit) {
        shell.note("supervisor: " + oneLine(message));
        return exit;
    }

    private static String oneLine(@Nullable String message) {
        return String.valueOf(message).strip().replaceAll("\\s*\\R\\s*", ", ");
    }

    /// The root: what `supervisor --help` says.
    @Command(
            name = "supervisor",
            description = "Runs jobs in any language on runners anywhere, and knows every outcome.",
            versionProvider = Version.class,
            synopsisSubcommandLabel = "COMMAND",
            footerHeading = "%nTo begin:%n",
            footer = {
                "  supervisor dev                                  # everything on this machine, until Ctrl-C",
                "  supervisor job run -r local -e sh 'echo hello'  # in another terminal, same folder",
                "  supervisor COMMAND --help                       # each command has examples",
                "",
                "Environment: SUPERVISOR_LOG_LEVEL (ERROR, WARN, INFO, DEBUG), SUPERVISOR_DEBUG=1 (stack traces), NO_COLOR."
            })
    static final class Root implements Runnable {
        @Spec
        @Nullable
        CommandSpec spec;

        @Override
        public void run() {
            CommandSpec mine = Objects.requireNonNull(spec, "set by picocli");
            throw new ParameterException(mine.commandLine(), "name a command, such as dev, serve or job");
        }
    }

    /// From the jar's manifest.
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {"supervisor " + (version == null ? "(development)" : version)};
        }
    }
}
