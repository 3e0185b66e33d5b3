package hero.supervisor.runner;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// A job's processes: its own process group, made when it starts, so that one signal reaches all of them, also
/// those whose parent has ended. What has left the group (a daemon with a session of its own) is still reached as
/// long as it descends from the job's process.
///
/// The group is made by `setsid` (Linux), else by `perl` (macOS has it). Where neither is found there is no
/// group, and only descendants are reached. Signals go by kill(2) itself: no process has to be started to end one.
/// Source: POSIX.1-2024 kill(). Any thread.
final class ProcessGroup {
    private static final int SIGKILL = 9;
    private static final int SIGTERM = 15;
    private static final MethodHandle KILL = lookUp();

    private final Process leader;
    private final boolean grouped;
    private final Set<ProcessHandle> known = new LinkedHashSet<>();

    private ProcessGroup(Process leader, boolean grouped) {
        this.leader = leader;
        this.grouped = grouped;
    }

    /// The words that start `command` as the leader of a group of its own.
    static List<String> launcher(String searchPath) {
        var setsid = Commands.find("setsid", searchPath);
        if (setsid.isPresent()) {
            // A fresh child leads no group yet, so setsid does not fork: its pid becomes the group's id.
            return List.of(setsid.get().toString());
        }
        return Commands.find("perl", searchPath)
                .map(perl -> List.of(
                        perl.toString(), "-e", "setpgrp(0,0); exec {$ARGV[0]} @ARGV or die \"$ARGV[0]: $!\\n\";"))
                .orElse(List.of());
    }

    /// Starts a process in a group of its own. `builder` holds the command without the launcher.
    static ProcessGroup start(ProcessBuilder builder, List<String> launcher) throws IOException {
        List<String> words = new ArrayList<>(launcher);
        words.addAll(builder.command());
        return new ProcessGroup(builder.command(words).start(), !launcher.isEmpty());
    }

    Process leader() {
        return leader;
    }

    /// Asks all to end (SIGTERM). By its handle, here and below: `Process` would also close what the leader has
    /// written, read or not.
    void terminate() {
        Set<ProcessHandle> outside = descendants();
        if (!signal(SIGTERM)) {
            leader.toHandle().destroy();
        }
        outside.forEach(ProcessHandle::destroy);
    }

    /// Ends all (SIGKILL).
    void kill() {
        Set<ProcessHandle> all = descendants();
        if (!signal(SIGKILL)) {
            leader.toHandle().destroyForcibly();
        }
        all.forEach(ProcessHandle::destroyForcibly);
    }

    /// Ends what a leader that has ended left behind; true when there was something.
    boolean sweep() {
        return signal(SIGKILL);
    }

    /// True while any process of it runs; what has ended and only waits to be collected does not count.
    boolean isAlive() {
        return leader.isAlive() || !descendants().isEmpty() || (signal(0) && ProcessTable.isGroupAlive(leader.pid()));
    }

    /// Those ever seen below the leader: they stay known after they have lost their parent.
    private synchronized Set<ProcessHandle> descendants() {
        leader.descendants().forEach(known::add);
        known.removeIf(process -> !ProcessTable.isAlive(process));
        return Set.copyOf(known);
    }

    /// False when there is no such group (any more).
    private boolean signal(int number) {
        long group = leader.pid();
        if (!grouped || group <= 1) {
            return false;
        }
        try {
            return (int) KILL.invokeExact((int) -group, number) == 0;
        } catch (Throwable e) {
            throw new IllegalStateException("kill(2) cannot be called", e);
        }
    }

    @SuppressWarnings("restricted") // The one native call: the JDK has no signal for a group.
    private static MethodHandle lookUp() {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().find("kill").orElseThrow(), FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    }
}
