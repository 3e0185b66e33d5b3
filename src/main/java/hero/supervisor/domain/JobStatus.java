package hero.supervisor.domain;

/// The six words that a job's state is told in, and the only moves between them.
///
/// ```
/// created ──start──▶ queued ──claim──▶ running ──result──▶ completed | failed | timeout
///    └──stop──▶ failed  └──stop──▶ failed  └──lost, retried or handed back──▶ queued
/// ```
///
/// Source: `job-api-convention.md`, "Status Values".
public enum JobStatus {
    CREATED("created"),
    QUEUED("queued"),
    RUNNING("running"),
    COMPLETED("completed"),
    FAILED("failed"),
    TIMEOUT("timeout");

    private final String word;

    JobStatus(String word) {
        this.word = word;
    }

    /// The word on the wire and in the database.
    public String word() {
        return word;
    }

    /// True when nothing can change the job any more.
    public boolean isFinal() {
        return switch (this) {
            case CREATED, QUEUED, RUNNING -> false;
            case COMPLETED, FAILED, TIMEOUT -> true;
        };
    }

    /// True when a job in this state may go to `next`.
    public boolean mayBecome(JobStatus next) {
        return switch (this) {
            case CREATED -> next == QUEUED || next == FAILED;
            case QUEUED -> next == RUNNING || next == FAILED;
            case RUNNING -> next == QUEUED || next.isFinal();
            case COMPLETED, FAILED, TIMEOUT -> false;
        };
    }

    /// The status of a word; `IllegalArgumentException` for any other word.
    public static JobStatus of(String word) {
        for (JobStatus status : values()) {
            if (status.word.equals(word)) {
                return status;
            }
        }
        throw new IllegalArgumentException("no job status '" + word + "'");
    }
}
