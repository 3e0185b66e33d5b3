package hero.supervisor.check;

/// One hard case.
///
/// @param id for `--only`
/// @param title what is played
/// @param rule what the protocol says
/// @param ends true when a runner that does it well has ended afterwards
/// @param script what is played
record Case(String id, String title, String rule, boolean ends, Script script) {

    /// Returns what was seen, in a sentence; [Fault] when it was not what it should be.
    @FunctionalInterface
    interface Script {
        String play(Stage stage, Jobs jobs) throws InterruptedException;
    }

    static Case of(String id, String title, String rule, Script script) {
        return new Case(id, title, rule, false, script);
    }

    /// The same, as one that ends the runner.
    Case ending() {
        return new Case(id, title, rule, true, script);
    }
}
