package hero.supervisor.app;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Values as people wrote them, each with the place where it was written, so that a sentence about a wrong one
/// can name that place. Flags win over the environment, that over the file, that over the fallback. Immutable.
public final class SettingLayers {

    /// @param text as written
    /// @param source as in `SUPERVISOR_PORT`, `--port`, `prod.yaml line 3`; empty for the fallback
    record Written(String text, String source) {}

    private final Map<Setting, Written> values;

    private SettingLayers(Map<Setting, Written> values) {
        this.values = values;
    }

    /// Nothing written: all fallbacks.
    public static SettingLayers none() {
        return new SettingLayers(new EnumMap<>(Setting.class));
    }

    /// These, with flags above them. `flags` may hold any part of the settings.
    public SettingLayers withFlags(Map<Setting, String> flags) {
        SettingLayers merged = copy();
        flags.forEach((setting, text) -> merged.values.put(setting, new Written(text, setting.flag())));
        return merged;
    }

    /// These, with the variables `SUPERVISOR_…` above them; an empty variable counts as unset, others are ignored.
    public SettingLayers withEnvironment(Map<String, String> environment) {
        SettingLayers merged = copy();
        for (Setting setting : Setting.values()) {
            String text = environment.get(setting.variable());
            if (text != null && !text.isEmpty()) {
                merged.values.put(setting, new Written(text, setting.variable()));
            }
        }
        return merged;
    }

    /// These, with `text` where the setting is not written.
    public SettingLayers withFallback(Setting setting, String text) {
        SettingLayers merged = copy();
        merged.values.putIfAbsent(setting, new Written(text, ""));
        return merged;
    }

    /// These, with the settings of a file above them.
    SettingLayers withFile(Map<Setting, Written> file) {
        SettingLayers merged = copy();
        merged.values.putAll(file);
        return merged;
    }

    /// These, with user and password that stand among the parameters of the database's URL moved into their
    /// settings, unless those are set. Left in the URL they would win over the settings in one way to connect, and
    /// be passed over in the other.
    SettingLayers withoutUserInUrl() {
        Written url = values.get(Setting.DB_URL);
        String text = url == null ? "" : url.text().strip();
        int query = text.indexOf('?');
        if (url == null || query < 0 || !text.startsWith("jdbc:postgresql:")) {
            return this;
        }
        SettingLayers split = copy();
        List<String> rest = new ArrayList<>();
        for (String parameter : text.substring(query + 1).split("&", -1)) {
            Setting setting = parameter.startsWith("user=")
                    ? Setting.DB_USER
                    : parameter.startsWith("password=") ? Setting.DB_PASSWORD : null;
            if (setting == null) {
                rest.add(parameter);
            } else if (split.text(setting).isEmpty()) {
                split.values.put(setting, new Written(decoded(parameter), Setting.DB_URL.key()));
            }
        }
        String address = text.substring(0, query) + (rest.isEmpty() ? "" : "?" + String.join("&", rest));
        split.values.put(Setting.DB_URL, new Written(address, url.source()));
        return split;
    }

    private String decoded(String parameter) {
        try {
            return URLDecoder.decode(parameter.substring(parameter.indexOf('=') + 1), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new CannotStart(
                    CannotStart.Reason.SETTING,
                    subject(Setting.DB_URL) + " has a user or password with a '%' that begins no escape; write %25",
                    e);
        }
    }

    /// As written, or the fallback.
    public String text(Setting setting) {
        Written written = values.get(setting);
        return written == null ? setting.fallback() : written.text();
    }

    /// The setting and where it was written, as the start of a sentence: `port (from SUPERVISOR_PORT)`.
    String subject(Setting setting) {
        Written written = values.get(setting);
        return written == null ? setting.key() : setting.key() + " (from " + written.source() + ")";
    }

    /// Where each value comes from, `default` included, in the order of [Setting].
    Map<Setting, String> sources() {
        Map<Setting, String> sources = new LinkedHashMap<>();
        for (Setting setting : Setting.values()) {
            Written written = values.get(setting);
            sources.put(setting, written == null ? "default" : written.source());
        }
        return sources;
    }

    private SettingLayers copy() {
        return new SettingLayers(new EnumMap<>(values));
    }
}
