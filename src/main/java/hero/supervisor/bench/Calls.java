package hero.supervisor.bench;

/// One kind of call: its JSON up to the number of the call and behind it, and what must follow the number in an
/// answer.
record Calls(String params, String method, String expected) {
    private static final String CALLER = "bench";
    private static final String CREATED = "\"result\":\"";

    /// `job.run` for the runner of that name.
    static Calls run(String runner) {
        return new Calls(job(runner), "job.run", ",\"result\":{\"success\":\"");
    }

    /// `jobs.create`: accepted, not started.
    static Calls create(String runner) {
        return new Calls(job(runner), "jobs.create", ",\"result\":\"");
    }

    /// `create_job`: accepted and queued.
    static Calls queue(String runner) {
        return new Calls(job(runner), "create_job", ",\"result\":\"");
    }

    private static String job(String runner) {
        return "{\"job\":{\"caller_id\":\"" + CALLER + "\",\"context_id\":\"" + CALLER + "\",\"payload\":\""
                + Naive.PAYLOAD + "\",\"runner\":\"" + runner + "\",\"executor\":\"bench\",\"timeout\":60}}";
    }

    /// The id in an answer to [#create].
    static String created(String answer) {
        int begin = answer.indexOf(CREATED);
        if (begin < 0) {
            throw new Invalid("a job was not created: " + answer);
        }
        int text = begin + CREATED.length();
        return answer.substring(text, answer.indexOf('"', text));
    }

    /// A call about one job.
    static String ofJob(int id, String method, String job) {
        return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"method\":\"" + method + "\",\"params\":{\"job_id\":\"" + job
                + "\"}}";
    }

    String json(int id) {
        return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"method\":\"" + method + "\",\"params\":" + params + "}";
    }
}
