package hero.supervisor.domain;

/// What a secret allows: `admin` everything; `user` all of `jobs.*` and `job.*` and reading runners; `register`
/// `register_runner` and `runner.*`.
public enum Scope {
    ADMIN("admin", "hsv_adm_"),
    USER("user", "hsv_usr_"),
    REGISTER("register", "hsv_reg_");

    private final String word;
    private final String prefix;

    Scope(String word, String prefix) {
        this.word = word;
        this.prefix = prefix;
    }

    public String word() {
        return word;
    }

    /// What every secret of this scope starts with, so that people and scanners recognise it.
    public String prefix() {
        return prefix;
    }

    /// The scope of a word; `IllegalArgumentException` for any other word.
    public static Scope of(String word) {
        for (Scope scope : values()) {
            if (scope.word.equals(word)) {
                return scope;
            }
        }
        throw new IllegalArgumentException("no scope '" + word + "'; there are admin, user and register");
    }
}
