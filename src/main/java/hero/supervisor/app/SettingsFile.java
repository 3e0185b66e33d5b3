package hero.supervisor.app;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/// The YAML form of [Setting]: one flat mapping, lists as lists or with commas. Read as nodes, never as Java
/// objects: values stay as written, and each mistake is told with its line.
final class SettingsFile {
    private SettingsFile() {}

    /// The settings of `file`. [CannotStart] when it cannot be read, is no such mapping, or names an unknown
    /// setting.
    static Map<Setting, SettingLayers.Written> read(Path file) {
        return parse(file, text(file));
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            String why = Files.exists(file) ? "cannot be read as UTF-8 text" : "does not exist";
            throw new CannotStart(CannotStart.Reason.SETTING, "the configuration file " + file + " " + why, e);
        }
    }

    private static Map<Setting, SettingLayers.Written> parse(Path file, String text) {
        Map<Setting, SettingLayers.Written> settings = new EnumMap<>(Setting.class);
        Node root = compose(file, text);
        if (root == null) {
            return settings;
        }
        if (!(root instanceof MappingNode mapping)) {
            throw CannotStart.setting(at(file, root) + " is no mapping of settings; write lines such as 'port: 3030'");
        }
        for (NodeTuple tuple : mapping.getValue()) {
            Setting setting = setting(file, tuple.getKeyNode());
            SettingLayers.Written written =
                    new SettingLayers.Written(value(file, setting, tuple.getValueNode()), at(file, tuple.getKeyNode()));
            if (settings.put(setting, written) != null) {
                throw CannotStart.setting(
                        written.source() + " sets '" + setting.key() + "' a second time; keep one of them");
            }
        }
        return settings;
    }

    private static @Nullable Node compose(Path file, String text) {
        try {
            LoaderOptions options = new LoaderOptions();
            return new Yaml(new SafeConstructor(options)).compose(new StringReader(text));
        } catch (MarkedYAMLException e) {
            int line = e.getProblemMark() == null ? 1 : e.getProblemMark().getLine() + 1;
            throw new CannotStart(
                    CannotStart.Reason.SETTING, file + " line " + line + " is no YAML: " + e.getProblem(), e);
        } catch (YAMLException e) {
            throw new CannotStart(CannotStart.Reason.SETTING, file + " is no YAML: " + e.getMessage(), e);
        }
    }

    private static Setting setting(Path file, Node node) {
        String key = node instanceof ScalarNode scalar ? scalar.getValue() : "";
        Optional<Setting> setting = Setting.of(key);
        return setting.orElseThrow(() -> CannotStart.setting(at(file, node) + " names an unknown setting '" + key
                + "'; there are " + String.join(", ", Setting.keys())));
    }

    private static String value(Path file, Setting setting, Node node) {
        return switch (node) {
            case ScalarNode scalar -> scalar.getValue();
            case SequenceNode sequence -> {
                List<String> items = new ArrayList<>();
                for (Node item : sequence.getValue()) {
                    items.add(value(file, setting, item));
                }
                yield String.join(",", items);
            }
            default ->
                throw CannotStart.setting(
                        at(file, node) + " gives '" + setting.key() + "' a mapping; write one value, or a list");
        };
    }

    private static String at(Path file, Node node) {
        return file + " line " + (node.getStartMark().getLine() + 1);
    }
}
