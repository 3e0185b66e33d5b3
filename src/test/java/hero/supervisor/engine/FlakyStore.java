package hero.supervisor.engine;

import hero.supervisor.domain.Refusal;
import hero.supervisor.store.JobStore;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.CompletableFuture;

/// A store that does what it is told and then, when asked to, says that it could not, or is slow to tell.
final class FlakyStore {
    private final JobStore store;
    private String failing = "";
    private boolean doubtful;
    private String slow = "";
    private Runnable meanwhile = () -> {};

    FlakyStore(JobStore real) {
        store = (JobStore) Proxy.newProxyInstance(
                JobStore.class.getClassLoader(), new Class<?>[] {JobStore.class}, (_, method, args) -> {
                    if (method.getName().equals("takeDoubt")) {
                        boolean was = doubtful;
                        doubtful = false;
                        return was ? new JobStore.Position(0, 0) : null;
                    }
                    try {
                        Object answer = method.invoke(real, args);
                        if (method.getName().equals(slow)) {
                            slow = "";
                            meanwhile.run();
                        }
                        if (!method.getName().equals(failing)) {
                            return answer;
                        }
                        failing = "";
                        doubtful = true;
                        Refusal refusal = Refusal.busy("the database cannot be reached", 1000);
                        if (answer instanceof CompletableFuture<?>) {
                            return CompletableFuture.failedFuture(refusal);
                        }
                        throw refusal;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    JobStore store() {
        return store;
    }

    /// The next call of this method is done and refused.
    void refuseAfter(String method) {
        failing = method;
    }

    /// Between what the next call of this method does and its answer, this happens.
    void meanwhile(String method, Runnable what) {
        slow = method;
        meanwhile = what;
    }
}
