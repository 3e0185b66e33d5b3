package hero.supervisor.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Compares two OpenRPC documents: whoever was written for the older one must find everything in the newer one, by
/// name and by position alike. Texts for people may differ, and what is new comes behind what was there.
final class Superset {
    private static final Set<String> TEXTS = Set.of("info", "description", "summary");
    private static final Set<String> SETS = Set.of("required", "enum", "type");

    private final JsonNode root;
    private final List<String> missing = new ArrayList<>();

    private Superset(JsonNode root) {
        this.root = root;
    }

    /// What `newer` lacks or has changed, one line each; empty when it holds all of `older`.
    static List<String> missing(JsonNode older, JsonNode newer) {
        Superset comparison = new Superset(newer);
        comparison.compare("", older, newer);
        return comparison.missing;
    }

    /// Follows a reference inside the document.
    static JsonNode resolve(JsonNode root, JsonNode node) {
        return node.has("$ref") ? root.at(node.path("$ref").asText().substring(1)) : node;
    }

    private void compare(String path, JsonNode older, JsonNode newer) {
        JsonNode there = older.has("$ref") ? newer : resolve(root, newer);
        if (older.isObject() && there.isObject()) {
            members(path, older, there);
        } else if (older.isArray() && there.isArray()) {
            items(path, older, there);
        } else if (!older.equals(there)) {
            missing.add(path + ": " + older + " became " + there);
        }
    }

    private void members(String path, JsonNode older, JsonNode newer) {
        older.properties().forEach(e -> {
            String here = path + "/" + e.getKey();
            if (!newer.has(e.getKey())) {
                missing.add(here + " is gone");
            } else if (SETS.contains(e.getKey())) {
                sameSet(here, e.getValue(), newer.get(e.getKey()));
            } else if (!TEXTS.contains(e.getKey()) || path.endsWith("/properties")) {
                compare(here, e.getValue(), newer.get(e.getKey()));
            }
        });
        if (path.endsWith("/properties") && !path.startsWith("/components") && !startsLike(older, newer)) {
            missing.add(path + " are in another order");
        }
    }

    private static boolean startsLike(JsonNode older, JsonNode newer) {
        List<String> names = new ArrayList<>();
        newer.fieldNames().forEachRemaining(names::add);
        List<String> before = new ArrayList<>();
        older.fieldNames().forEachRemaining(before::add);
        return names.size() >= before.size() && names.subList(0, before.size()).equals(before);
    }

    private void items(String path, JsonNode older, JsonNode newer) {
        for (int i = 0; i < older.size(); i++) {
            String here = path + "/" + older.path(i).path("name").asText(Integer.toString(i));
            if (i >= newer.size()) {
                missing.add(here + " is gone");
            } else {
                compare(here, older.get(i), newer.get(i));
            }
        }
        if (path.endsWith("/params")) {
            for (int i = older.size(); i < newer.size(); i++) {
                if (newer.get(i).path("required").asBoolean()) {
                    missing.add(path + ": " + newer.get(i).path("name") + " must not be required");
                }
            }
        } else if (path.endsWith("/oneOf") && newer.size() != older.size()) {
            missing.add(path + " has other choices");
        }
    }

    private void sameSet(String path, JsonNode older, JsonNode newer) {
        if (!set(older).equals(set(newer))) {
            missing.add(path + ": " + older + " became " + newer);
        }
    }

    private static Set<JsonNode> set(JsonNode node) {
        Set<JsonNode> set = new HashSet<>();
        if (node.isArray()) {
            node.forEach(set::add);
        } else {
            set.add(node);
        }
        return set;
    }
}
