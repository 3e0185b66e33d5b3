-- One row for all that a session is handed in one statement, instead of one for each job: `numbers` are the jobs, and
-- `job_number` is one below zero, which no job has. Every second such rows are divided into one for each job that still
-- runs. A row may name jobs that have ended since; who holds what runs is told by the view job_held.
-- Lock: access exclusive on job_holds and on two views, for a moment; waited for shortly and often. Cost: none, as
-- job_holds has a row only for each job that runs.
do $$
begin
  set local lock_timeout = '200ms';
  for tried in 1..120 loop
    begin
      alter table job_holds add column if not exists numbers bigint[];
      create index if not exists job_holds_many on job_holds (job_number) where numbers is not null;
      -- Twice named is a job that a session has given back and been handed again.
      create or replace view public.job_held as
      select distinct h.session_id, j.number as job_number
      from job_holds h
        cross join lateral unnest(coalesce(h.numbers, array[h.job_number])) n
        join jobs j on j.number = n and j.session_id = h.session_id and j.status = 'running';
      create or replace view report.runners as
      select r.name as runner, r.queue, r.open, s.id as session_id, s.node,
        case when s.id is null then 'absent' when s.lease_until > now() then 'connected' else 'silent' end as state,
        s.slots, h.running, h.running::double precision / s.slots as utilisation,
        s.connected_at, s.seen_at, null::timestamptz as ended_at,
        extract(epoch from now() - s.connected_at)::double precision as connected_s
      from public.runners r
        left join public.runner_sessions s on s.runner = r.name
        left join lateral (
          select count(*)::integer as running from public.job_held where session_id = s.id) h on s.id is not null
      union all
      select e.runner, coalesce(r.queue, e.queue), r.open, e.id, e.node, 'ended', e.slots, null, null,
        e.connected_at, e.seen_at, e.ended_at, extract(epoch from e.ended_at - e.connected_at)::double precision
      from public.runner_sessions_ended e left join public.runners r on r.name = e.runner;
      create or replace view report.queues as
      with recursive line as (
        (select queue, priority from public.job_queue order by queue, priority desc limit 1)
        union all
        select n.queue, n.priority from line l cross join lateral (
          select x.queue, x.priority from (
            (select 1 as step, q.queue, q.priority from public.job_queue q
              where q.queue = l.queue and q.priority < l.priority order by q.priority desc limit 1)
            union all
            (select 2, q.queue, q.priority from public.job_queue q
              where q.queue > l.queue order by q.queue, q.priority desc limit 1)) x
          order by x.step limit 1) n
      ),
      head as (
        select l.queue, min(greatest(j.queued_at, j.start_at)) as since
        from line l
          cross join lateral (
            select q.job_number from public.job_queue q
            where q.queue = l.queue and q.priority = l.priority order by q.seq limit 1) h
          join public.jobs j on j.number = h.job_number
        group by l.queue
      ),
      depth as (select queue, count(*) as n from public.job_queue group by queue),
      delayed as (
        select j.queue, count(*) as n from public.job_timers t join public.jobs j on j.number = t.job_number
        where j.status = 'queued' group by j.queue
      ),
      running as (
        select j.queue, count(*) as n from public.job_held h join public.jobs j on j.number = h.job_number group by j.queue
      ),
      supply as (
        select r.queue, count(distinct r.name) filter (where r.open) as runners, count(s.id) as sessions,
          coalesce(sum(s.slots) filter (where r.open), 0)::bigint as slots
        from public.runners r left join public.runner_sessions s on s.runner = r.name and s.lease_until > now()
        group by r.queue
      ),
      name as (
        select queue from depth union select queue from delayed union select queue from running union select queue from supply
      )
      select n.queue, coalesce(d.n, 0) as depth, coalesce(t.n, 0) as delayed, coalesce(g.n, 0) as running,
        case when h.since is not null
          then extract(epoch from now() - least(h.since, now()))::double precision end as oldest_wait_s,
        coalesce(s.runners, 0) as runners, coalesce(s.sessions, 0) as sessions, coalesce(s.slots, 0) as slots
      from name n
        left join head h on h.queue = n.queue
        left join depth d on d.queue = n.queue
        left join delayed t on t.queue = n.queue
        left join running g on g.queue = n.queue
        left join supply s on s.queue = n.queue;
      return;
    exception when lock_not_available then
      perform pg_sleep(1);
    end;
  end loop;
  raise exception 'a transaction holds job_holds for more than two minutes (a dump?): end it, then migrate again';
end
$$;
