-- Cheaper reports.
--
-- What callers used, from one walk through the jobs instead of two, and without a join of all jobs with all attempts:
-- a row per job, and one for each attempt that ended before the job did. Columns stay as they are.
-- Lock: access exclusive on the view, for a moment; only readers of report.callers stand behind who waits for it, so it
-- is waited for shortly and often. Cost: none, catalog only.
do $$
begin
  set local lock_timeout = '200ms';
  for tried in 1..120 loop
    begin
      create or replace view report.callers as
      with counted as (
        select id, caller_id, context_id, status, attempt, accepted_at,
          (attempt > 0 and started_at is not null and session_id is not null and status <> 'queued')::int as attempts,
          coalesce(extract(epoch from completed_at - started_at), 0) as run_s,
          case when started_at >= greatest(queued_at, start_at)
            then extract(epoch from started_at - greatest(queued_at, start_at)) end as wait_s
        from public.jobs
      )
      select caller_id, context_id, sum(jobs)::bigint as jobs,
        count(*) filter (where status = 'completed') as completed,
        count(*) filter (where status = 'failed') as failed,
        count(*) filter (where status = 'timeout') as timeout,
        count(*) filter (where status in ('created', 'queued', 'running')) as unfinished,
        sum(attempts)::bigint as attempts,
        sum(run_s)::double precision as run_s,
        coalesce(sum(wait_s), 0)::double precision as wait_s,
        min(accepted_at) as first_at, max(accepted_at) as last_at
      from (
        select caller_id, context_id, 1 as jobs, status, attempts, attempts * run_s as run_s, wait_s, accepted_at
        from counted
        union all
        -- The last attempt of a job may be kept like the ones before it: then it counts instead of the job's own row.
        select c.caller_id, c.context_id, 0, null, 1 - s.same,
          extract(epoch from a.ended_at - a.started_at) - s.same * c.run_s, null, null
        from public.job_attempts a
          join counted c on c.id = a.job_id
          cross join lateral (select case when a.attempt = c.attempt then c.attempts else 0 end as same) s
      ) used
      group by caller_id, context_id;
      return;
    exception when lock_not_available then
      perform pg_sleep(1);
    end;
  end loop;
  raise exception 'a transaction holds report.callers for more than two minutes (a report?): end it, then migrate again';
end
$$;

-- A report of this role takes one processor of the database server, never all of them.
do $$
begin
  if exists (select from pg_roles where rolname = 'supervisor_report') and not exists (
    select from pg_db_role_setting s join pg_roles r on r.oid = s.setrole
    where r.rolname = 'supervisor_report' and s.setdatabase = 0
      and s.setconfig::text like '%max_parallel_workers_per_gather%')
  then
    alter role supervisor_report set max_parallel_workers_per_gather = 0;
  end if;
exception
  -- Another migration sets the same at this moment ("tuple concurrently updated"), or somebody else made the role.
  when internal_error or unique_violation then null;
  when insufficient_privilege then
    raise notice 'the limits of the role supervisor_report were not set: this user may not; see docs/REPORTING.md';
end $$;
