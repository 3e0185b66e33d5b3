package hero.supervisor.wire;

import org.jspecify.annotations.Nullable;

/// The `params` member of a message, before it is known which method they are for.
public final class Arguments {
    static final Arguments NONE = new Arguments(null);

    private final @Nullable Object tree;

    Arguments(@Nullable Object tree) {
        this.tree = tree;
    }

    /// The parameters under their names. A refusal when the form does not fit the method: an unknown name, or too
    /// many positions. Values and missing names are checked later, when the caller's right to ask is known:
    /// [Params#requireAll()].
    public Params bind(MethodSpec method) {
        return Binding.bind(method, tree);
    }
}
