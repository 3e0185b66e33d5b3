package hero.supervisor.engine.sim;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Refusal;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.JobStore.Position;
import hero.supervisor.store.Lending;
import hero.supervisor.store.MemoryDatabase;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// The way from one gateway to the database: slow, and not to be trusted about what it says was not done.
final class SimStore {
    private final World world;
    private final SimNode node;
    private final Object real;
    private final Map<String, CompletableFuture<?>> claims = new HashMap<>();
    private Position read = new Position(0, 0);
    private @Nullable Position doubt;
    private long saidAt;

    private SimStore(World world, SimNode node, Object real) {
        this.world = world;
        this.node = node;
        this.real = real;
    }

    static <T> T of(Class<T> type, T real, World world, SimNode node) {
        var store = new SimStore(world, node, real);
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(),
                new Class<?>[] {type},
                (_, method, args) -> method.getName().equals("takeDoubt")
                        ? store.takeDoubt()
                        : method.getName().equals("say")
                                ? store.say((Lending) Objects.requireNonNull(args)[0])
                                : method.getName().equals("beatSoon")
                                        ? store.beat(method, args)
                                        : method.getReturnType().equals(CompletableFuture.class)
                                                ? store.later(method, args)
                                                : store.atOnce(method, args)));
    }

    /// What the checker says of a beat holds while nothing else happens.
    private CompletableFuture<?> beat(Method beatSoon, Object @Nullable [] args) {
        try {
            return Objects.requireNonNull((CompletableFuture<?>) atOnce(beatSoon, args));
        } catch (Refusal e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /// Notifications come late, twice, or never, but those of one gateway in order.
    private @Nullable Object say(Lending word) {
        for (SimNode other : world.nodes) {
            if (other.name.equals(word.to()) && !world.hit(Fault.LOST_WORD)) {
                saidAt = Math.max(saidAt, world.now() + world.between(0, world.hit(Fault.DELAY) ? 5000 : 3));
                for (int copies = world.hit(Fault.WORD_TWICE) ? 2 : 1; copies > 0; copies--) {
                    world.at(other, saidAt - world.now(), () -> other.heard(node.name, word));
                }
            }
        }
        return null;
    }

    private @Nullable Position takeDoubt() {
        Position taken = doubt;
        doubt = null;
        return taken;
    }

    private Refusal busy(Position before) {
        doubt = doubt == null || before.compareTo(doubt) < 0 ? before : doubt;
        return Refusal.busy("the database cannot be reached; try again in a moment", 1000);
    }

    private @Nullable Object atOnce(Method method, Object @Nullable [] args) {
        Position before = reading(args);
        if (world.hit(Fault.STORE_BEFORE)) {
            throw busy(before);
        }
        if (world.hit(Fault.STORE_LATE)) {
            world.at(world.between(1, 3000), () -> call(method, args));
            throw busy(before);
        }
        Object answer = call(method, args);
        if (world.hit(Fault.STORE_AFTER)) {
            throw busy(before);
        }
        return answer;
    }

    private Position reading(Object @Nullable [] args) {
        if (args != null && args.length > 0 && args[0] instanceof Position after) {
            read = after;
        }
        return read;
    }

    private CompletableFuture<Object> later(Method method, Object @Nullable [] args) {
        Position before = read;
        var answer = new CompletableFuture<Object>();
        if (args != null && args[args.length - 1] instanceof JobStore.Claiming) {
            String queue = String.valueOf(args[0]);
            world.checker.claims(node, queue, claims.put(queue, answer));
        }
        long there = world.hit(Fault.STORE_SLOW) ? world.between(1, 3000) : world.between(0, 3);
        long back = world.hit(Fault.STORE_SLOW) ? world.between(1, 3000) : world.between(0, 3);
        if (world.hit(Fault.STORE_BEFORE)) {
            world.at(node, there, () -> answer.completeExceptionally(busy(before)));
            return answer;
        }
        boolean refused = world.hit(Fault.STORE_AFTER);
        boolean late = world.hit(Fault.STORE_LATE);
        if (late) {
            world.at(node, there, () -> {
                choose(args);
                answer.completeExceptionally(busy(before));
            });
        }
        int life = node.life;
        world.at(late ? there + world.between(1, 3000) : there, () -> {
            // A gateway that dies may or may not have sent its statement.
            if (node.life == life || world.chance(0.5)) {
                Object value = value((CompletableFuture<?>) call(method, args));
                if (node.life == life && !late) {
                    world.at(node, back, () -> {
                        if (refused) {
                            answer.completeExceptionally(busy(before));
                        } else {
                            answer.complete(value);
                        }
                    });
                }
            }
        });
        return answer;
    }

    /// What is chosen when a statement is sent is not chosen when it arrives.
    private static void choose(Object @Nullable [] args) {
        for (Object arg : args == null ? new Object[0] : args) {
            if (arg instanceof JobStore.Claiming claiming) {
                claiming.slots();
            }
        }
    }

    private static Object value(@Nullable CompletableFuture<?> done) {
        if (done == null) {
            throw new IllegalStateException("a store method without an answer");
        }
        return done.join();
    }

    private @Nullable Object call(Method method, Object @Nullable [] args) {
        try {
            if (args != null && args.length > 0 && args[0] instanceof JobStore.Completion completion) {
                var before = world.database.view(completion.key().jobId());
                var answer = (CompletableFuture<?>) method.invoke(real, args);
                world.checker.completed(before, completion, (JobStore.Completed) value(answer));
                return answer;
            }
            if (args != null && method.getName().equals("release")) {
                var keys = ((List<?>) args[0])
                        .stream().map(Assignment.Key.class::cast).toList();
                List<MemoryDatabase.@Nullable View> before = new ArrayList<>();
                keys.forEach(key -> before.add(world.database.view(key.jobId())));
                for (int i = 0; i < keys.size(); i++) {
                    world.checker.takenBack(keys.get(i), before.get(i));
                }
                Object answer = method.invoke(real, args);
                world.checker.released(keys, before);
                return answer;
            } else if (args != null && method.getName().equals("end") && args[0] instanceof Assignment.Key key) {
                world.checker.takenBack(key, world.database.view(key.jobId()));
            } else if (args != null && method.getName().equals("beat")) {
                Object answer = method.invoke(real, args);
                world.checker.kept(String.valueOf(args[0]), String.valueOf(args[1]), Boolean.TRUE.equals(answer));
                return answer;
            }
            return method.invoke(real, args);
        } catch (InvocationTargetException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }
}
