package hero.supervisor.cli;

import hero.supervisor.app.Config;
import hero.supervisor.app.ConfigText;
import hero.supervisor.app.Setting;
import hero.supervisor.app.SettingLayers;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/// The flags that follow from [Setting]: added to a command by code, so that no setting is written twice.
final class ServerOptions {
    /// How to reach a database.
    static final List<Setting> DATABASE = List.of(Setting.DB_URL, Setting.DB_USER, Setting.DB_PASSWORD);

    private ServerOptions() {}

    /// Adds the flags of `settings`.
    static void add(CommandSpec spec, List<Setting> settings) {
        for (Setting setting : settings) {
            String fallback = setting.fallback().isEmpty() ? "" : "; default " + setting.fallback();
            spec.addOption(OptionSpec.builder(setting.flag())
                    .paramLabel(setting.label())
                    .type(String.class)
                    .description((setting.help() + fallback).replace("%", "%%"))
                    .build());
        }
    }

    /// All layers, with the flags that were given to the command of `spec`. `file` is relative to the shell's
    /// folder.
    static SettingLayers settings(Shell shell, CommandSpec spec, @Nullable Path file, Map<Setting, String> more) {
        Map<Setting, String> flags = new EnumMap<>(Setting.class);
        ParseResult parsed = spec.commandLine().getParseResult();
        for (Setting setting : Setting.values()) {
            if (parsed.hasMatchedOption(setting.flag())) {
                flags.put(setting, parsed.matchedOptionValue(setting.flag(), ""));
            }
        }
        flags.putAll(more);
        return settings(shell, flags, file);
    }

    /// All layers, with these flags.
    static SettingLayers settings(Shell shell, Map<Setting, String> flags, @Nullable Path file) {
        return Config.settings(flags, shell.env(), file == null ? null : shell.path(file));
    }

    /// For a command that asks the database: that of `dev` in this folder, when no other is named. Who looks at
    /// the terminal wants to know soon that it is away; `patient` is for what prepares a start.
    static Config database(Shell shell, CommandSpec spec, @Nullable Path file, boolean patient) {
        SettingLayers named = settings(shell, spec, file, Map.of());
        boolean isNamed =
                DATABASE.stream().anyMatch(setting -> !named.text(setting).isEmpty());
        SettingLayers found = isNamed ? named : named.withFlags(DevEnv.database(shell));
        return Config.of(patient ? found : prompt(found)).requireDatabase();
    }

    /// These, with a short wait for the database unless another is set.
    static SettingLayers prompt(SettingLayers settings) {
        return settings.withFallback(Setting.DB_WAIT_MS, "5000");
    }

    static void print(Shell shell, SettingLayers settings) {
        ConfigText.of(settings).lines().forEach(shell::line);
    }
}
