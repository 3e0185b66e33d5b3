package hero.supervisor.wire;

import hero.supervisor.domain.Trace;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The `params` member of a message, before it is known which method they are for.
public final class Arguments {
    static final Arguments NONE = new Arguments(null);

    private final @Nullable Object tree;

    Arguments(@Nullable Object tree) {
        this.tree = tree;
    }

    /// The trace that `_meta.traceparent` names, in every form of parameters that has names, with what
    /// `_meta.tracestate` says of it; null for none.
    public @Nullable Trace trace() {
        Object members = tree instanceof List<?> positions && positions.size() == 1 ? positions.getFirst() : tree;
        return members instanceof Map<?, ?> object
                        && Binding.unwrapped(object).get(MethodSpec.META) instanceof Map<?, ?> meta
                        && meta.get("traceparent") instanceof String text
                ? Trace.read(text, meta.get("tracestate") instanceof String state ? state : null)
                : null;
    }

    /// The parameters under their names. A refusal when the form does not fit the method: an unknown name, or too
    /// many positions. Values and missing names are checked later, when the caller's right to ask is known:
    /// [Params#requireAll()].
    public Params bind(MethodSpec method) {
        return Binding.bind(method, tree);
    }
}
