package hero.supervisor.check;

import java.util.Map;

/// What a job of the kit is to do.
record Work(String executor, String payload, Map<String, String> envVars) {
    Work {
        envVars = Map.copyOf(envVars);
    }

    Work with(String name, String value) {
        Map<String, String> more = new java.util.LinkedHashMap<>(envVars);
        more.put(name, value);
        return new Work(executor, payload, more);
    }
}
