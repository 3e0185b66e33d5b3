package hero.supervisor.api;

import static hero.supervisor.api.Access.ADMIN;
import static hero.supervisor.api.Access.CONTROL;
import static hero.supervisor.api.Access.PUBLIC;
import static hero.supervisor.api.Access.READ;
import static hero.supervisor.api.Access.REGISTER;
import static hero.supervisor.api.Access.RUNNER;
import static hero.supervisor.api.Access.STREAM;
import static hero.supervisor.api.Access.USER;

import hero.supervisor.domain.Limits;
import hero.supervisor.engine.Feed;
import hero.supervisor.engine.Jobs;
import hero.supervisor.engine.Logs;
import hero.supervisor.engine.Runners;
import hero.supervisor.engine.Secrets;
import hero.supervisor.wire.JobReader;
import hero.supervisor.wire.OpenRpcDocument;
import hero.supervisor.wire.RunnerReader;
import java.time.Duration;

/// THE TABLE: every method of the API, one line each, in the order of `openrpc.json`.
public final class Methods {
    private Methods() {}

    /// What the methods call.
    public record Parts(
            OpenRpcDocument document,
            Jobs jobs,
            Logs logs,
            Runners runners,
            Secrets secrets,
            Feed feed,
            JobReader jobReader,
            Limits limits,
            Duration pullWaitMax,
            LogLevels logLevels) {}

    /// `IllegalStateException` when table and document differ.
    public static MethodTable table(Parts parts) {
        var job = new JobMethods(parts.jobs(), parts.logs(), parts.jobReader(), parts.limits());
        var runner = new RunnerMethods(parts.runners().control(), parts.limits());
        var reader = new RunnerReader(parts.limits());
        var link = new RunnerProtocol(parts.runners(), parts.logs(), reader, parts.limits(), parts.pullWaitMax());
        var log = new LogMethods(parts.logs(), reader, parts.limits());
        var secret = new SecretMethods(parts.secrets(), parts.limits());
        var stream = new StreamMethods(parts.feed(), parts.logs(), parts.limits());
        var admin = new AdminMethods(parts.logLevels(), parts.limits());
        return MethodTable.of(parts.document())
                .on("list_runners", READ, runner::list)
                .on("register_runner", REGISTER, runner::register)
                .prompt("jobs.create", USER, job::create)
                .on("jobs.list", READ, job::list)
                .prompt("job.run", USER, job::run)
                .prompt("job.start", USER, job::start)
                .on("job.status", READ, job::status)
                .prompt("job.result", READ, job::result)
                .on("remove_runner", CONTROL, runner::remove)
                .on("start_runner", CONTROL, runner::start)
                .on("stop_runner", CONTROL, runner::stop)
                .on("get_runner_status", READ, runner::status)
                .on("get_all_runner_status", READ, runner::statuses)
                .on("start_all", CONTROL, runner::startAll)
                .on("stop_all", CONTROL, runner::stopAll)
                .on("get_all_status", READ, runner::allStates)
                .on("job.stop", USER, job::stop)
                .on("job.delete", USER, job::delete)
                .on("rpc.discover", PUBLIC, call -> parts.document().body())
                .on("job.get", READ, job::get)
                .on("job.explain", READ, job::explain)
                .on("job.logs", READ, log::read)
                .prompt("run_job", USER, job::run)
                .prompt("create_job", USER, job::createAndStart)
                .on("list_jobs", READ, job::listIds)
                .on("auth.login", PUBLIC, secret::login)
                .on("secrets.create", ADMIN, secret::create)
                .on("secrets.list", ADMIN, secret::list)
                .on("secrets.rotate", ADMIN, secret::rotate)
                .on("secrets.revoke", ADMIN, secret::revoke)
                .on("admin.log_level", ADMIN, admin::logLevel)
                .on("runner.connect", RUNNER, link::connect)
                .prompt("runner.pull", RUNNER, link.prompt(link::pull))
                .prompt("runner.heartbeat", RUNNER, link::heartbeat)
                .prompt("runner.result", RUNNER, link.prompt(link::result))
                .on("runner.log", RUNNER, link::log)
                .on("runner.progress", RUNNER, link::progress)
                .on("runner.release", RUNNER, link::release)
                .on("runner.drain", RUNNER, link::drain)
                .on("job.subscribe", STREAM, stream::job)
                .on("jobs.subscribe", STREAM, stream::jobs)
                .on("job.unsubscribe", STREAM, stream::unsubscribe)
                .build();
    }
}
