package hero.supervisor.wire;

import java.util.List;
import java.util.Set;

/// What a method takes, from `openrpc.json`. Besides these, every method takes an optional `secret` by name.
///
/// @param name such as `job.start`
/// @param names of the parameters in the order of their positions
/// @param required those that may not be missing; a secret never is, since the connection may carry it
public record MethodSpec(String name, List<String> names, Set<String> required) {
    static final String SECRET = "secret";
    static final String META = "_meta";

    public MethodSpec {
        names = List.copyOf(names);
        required = Set.copyOf(required);
    }

    boolean takes(String parameter) {
        return parameter.equals(SECRET) || parameter.equals(META) || names.contains(parameter);
    }
}
