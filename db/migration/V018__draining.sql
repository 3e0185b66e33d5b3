-- Sessions that take no more jobs: who asks why a job waits (`job.explain`) does not count their slots.
-- Who holds what, without the planner's guess of how many jobs run: few of all do, and when none is in its statistics it
-- would read all jobs there are to find them.
-- Timers of one job, which a stop or a deletion looks for, by its number.
-- What the reports say of exit codes, as it is.
-- Lock: access exclusive on runner_sessions and on the view, share on job_timers, for a moment; waited for shortly and
-- often. Cost: an index on job_timers, which has a row only for each job that waits for a time.
do $$
begin
  set local lock_timeout = '200ms';
  for tried in 1..120 loop
    begin
      alter table runner_sessions add column if not exists draining boolean not null default false;
      create or replace view public.job_held as
      select distinct h.session_id, j.number as job_number
      from job_holds h
        cross join lateral unnest(coalesce(h.numbers, array[h.job_number])) n
        join jobs j on j.number = n and j.session_id = h.session_id and case j.status when 'running' then true end;
      create index if not exists job_timers_job on job_timers (job_number);
      comment on column report.jobs.exit_code is 'of the last attempt, if it failed and the runner told one';
      comment on column report.attempts.exit_code is 'if it failed and the runner told one';
      return;
    exception when lock_not_available then
      perform pg_sleep(1);
    end;
  end loop;
  raise exception 'a transaction holds runner_sessions or job_timers for more than two minutes (a dump?): end it, then migrate again';
end
$$;
