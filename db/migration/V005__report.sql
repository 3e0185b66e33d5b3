-- Reports: figures that are counted as the log grows, traces of what was deleted or has ended, and the views that
-- people read (schema report; every column is told in docs/REPORTING.md and in the database itself).
-- Lock: an instant on job_events for a column without default; else new tables. Cost: none.

set local lock_timeout = '30s';

-- How long: of 'running', the wait before it; of an event that ends an attempt, its run. Null for all others and for
-- what was written before this column.
alter table job_events add column seconds double precision;

-- What is left of a deleted job: its id and its times.
create table job_deletions (
  number bigint primary key,
  id text not null,
  accepted_at timestamptz not null,
  queued_at timestamptz,
  started_at timestamptz,
  completed_at timestamptz,
  deleted_at timestamptz not null default clock_timestamp()
);
create index job_deletions_id on job_deletions (id);

-- Sessions that have ended; the living are in runner_sessions.
create table runner_sessions_ended (
  id text primary key,
  runner text not null,
  queue text,                                               -- of that runner then; null when its name was removed
  node text not null,
  slots integer not null,
  connected_at timestamptz not null,
  seen_at timestamptz not null,
  ended_at timestamptz not null default clock_timestamp()
);

-- What happened per minute, hour and day (UTC), counted from job_events by one gateway at a time.
create table job_figures (
  period text not null,
  at timestamptz not null,                                  -- its beginning
  queue text not null,
  accepted bigint not null default 0,
  started bigint not null default 0,                        -- hand-overs to runners
  completed bigint not null default 0,
  failed bigint not null default 0,
  timeout bigint not null default 0,
  retried bigint not null default 0,                        -- attempts that failed or timed out and were queued again
  lost bigint not null default 0,                           -- attempts whose runner was lost
  deleted bigint not null default 0,
  wait_s double precision not null default 0,               -- sum over hand-overs
  run_s double precision not null default 0,                -- sum over last attempts
  busy_s double precision not null default 0,               -- sum over all attempts that ended
  primary key (period, at, queue),
  constraint job_figures_period check (period in ('minute', 'hour', 'day'))
) with (fillfactor = 70);

-- Waits and runs by length. Bucket b > 0 holds lengths above 0.001 * 1.1^(b-1) and up to 0.001 * 1.1^b seconds, bucket 0
-- those up to 0.001: the middle of a bucket, 0.001 * 1.1^(b-0.5), is at most 4.9 % from whatever lies in it.
create table job_histograms (
  period text not null,
  at timestamptz not null,
  queue text not null,
  kind text not null,
  bucket smallint not null,
  n bigint not null,
  primary key (period, at, queue, kind, bucket),
  constraint job_histograms_kind check (kind in ('wait', 'run'))
) with (fillfactor = 70);

-- One row: how far the log is counted. Moved in the transaction that writes the figures.
create table job_figures_cursor (
  singleton boolean primary key default true,
  xid xid8 not null default '0',
  seq bigint not null default 0,
  counted_at timestamptz not null default clock_timestamp(),
  constraint job_figures_cursor_one check (singleton)
);
insert into job_figures_cursor default values;

create schema report;
comment on schema report is 'Job history for people and dashboards: views only, see docs/REPORTING.md';

create view report.jobs as
select number, id as job_id, status, caller_id, context_id, runner, queue, executor,
  coalesce(priority, 0::smallint) as priority, timeout_s, labels,
  accepted_at, queued_at, start_at, started_at, stop_requested_at, completed_at, null::timestamptz as deleted_at,
  attempt as attempts, failures, losses, exit_code,
  left(split_part(translate(ltrim(left(error, 1000), E' \t\r\n'), E'\r', E'\n'), E'\n', 1), 120) as error_head,
  case when started_at >= greatest(queued_at, start_at)
    then extract(epoch from started_at - greatest(queued_at, start_at))::double precision end as wait_s,
  case when session_id is not null
    then extract(epoch from completed_at - started_at)::double precision end as run_s,
  extract(epoch from completed_at - accepted_at)::double precision as total_s
from public.jobs
union all
select number, id, 'deleted', null, null, null, null, null, null, null, null,
  accepted_at, queued_at, null, started_at, null, completed_at, deleted_at,
  null, null, null, null, null, null, null,
  extract(epoch from completed_at - accepted_at)::double precision
from public.job_deletions;

create view report.attempts as
select job_id, attempt, runner, session_id, status, started_at, ended_at,
  extract(epoch from ended_at - started_at)::double precision as run_s, exit_code,
  left(split_part(translate(ltrim(left(error, 1000), E' \t\r\n'), E'\r', E'\n'), E'\n', 1), 120) as error_head
from public.job_attempts
union all
select j.id, j.attempt, coalesce(s.runner, e.runner, j.runner), j.session_id, j.status, j.started_at, j.completed_at,
  extract(epoch from j.completed_at - j.started_at)::double precision, j.exit_code,
  left(split_part(translate(ltrim(left(j.error, 1000), E' \t\r\n'), E'\r', E'\n'), E'\n', 1), 120)
from public.jobs j
  left join public.runner_sessions s on s.id = j.session_id
  left join public.runner_sessions_ended e on e.id = j.session_id
where j.attempt > 0 and j.started_at is not null and j.session_id is not null and j.status <> 'queued'
  and not exists (select from public.job_attempts a where a.job_id = j.id and a.attempt = j.attempt);

create view report.transitions as
select e.xid::text::bigint as xid, e.seq, e.at, e.job_id, e.status, e.attempt,
  case when not d.gone then e.runner end as runner,
  case when not d.gone then e.queue end as queue,
  split_part(e.node, '/', 1) as node,
  case when not d.gone then e.detail end as detail,
  e.seconds
from public.job_events e
  cross join lateral (
    select exists (select from public.job_deletions x where x.id = e.job_id and x.deleted_at >= e.at) as gone) d;

create view report.runners as
select r.name as runner, r.queue, r.open, s.id as session_id, s.node,
  case when s.id is null then 'absent' when s.lease_until > now() then 'connected' else 'silent' end as state,
  s.slots, h.running, h.running::double precision / s.slots as utilisation,
  s.connected_at, s.seen_at, null::timestamptz as ended_at,
  extract(epoch from now() - s.connected_at)::double precision as connected_s
from public.runners r
  left join public.runner_sessions s on s.runner = r.name
  left join lateral (
    select count(*)::integer as running from public.job_holds where session_id = s.id) h on s.id is not null
union all
select e.runner, coalesce(r.queue, e.queue), r.open, e.id, e.node, 'ended', e.slots, null, null,
  e.connected_at, e.seen_at, e.ended_at, extract(epoch from e.ended_at - e.connected_at)::double precision
from public.runner_sessions_ended e left join public.runners r on r.name = e.runner;

create view report.utilisation as
select f.period, f.at, f.queue, f.busy_s, s.slot_s, f.busy_s / nullif(s.slot_s, 0) as utilisation
from public.job_figures f
  cross join lateral (select f.at + ('1 ' || f.period)::interval as until) p
  left join lateral (
    select sum(x.slots * extract(epoch from
      least(x.ended_at, p.until) - greatest(x.connected_at, f.at)))::double precision as slot_s
    from (
      select e.slots, e.connected_at, e.ended_at from public.runner_sessions_ended e where e.queue = f.queue
      union all
      select l.slots, l.connected_at, greatest(l.connected_at, least(l.lease_until, now()))
      from public.runner_sessions l join public.runners r on r.name = l.runner where r.queue = f.queue
    ) x where x.connected_at < p.until and x.ended_at > f.at) s on true
where f.period in ('hour', 'day');

-- The heads of the lines are found by skipping through the order of claiming, a step per queue and priority.
create view report.queues as
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
  select j.queue, count(*) as n from public.job_holds h join public.jobs j on j.number = h.job_number group by j.queue
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

create view report.queue_throughput as
select f.period, f.at, f.queue, f.accepted, f.started, f.completed, f.failed, f.timeout, f.retried, f.lost, f.deleted,
  p.wait_p50_s, p.wait_p95_s, p.wait_p99_s, p.run_p50_s, p.run_p95_s, p.run_p99_s, f.wait_s, f.run_s, f.busy_s
from public.job_figures f
  left join lateral (
    select 0.001 * power(1.1, min(b) filter (where kind = 'wait' and c >= 0.5 * t) - 0.5) as wait_p50_s,
      0.001 * power(1.1, min(b) filter (where kind = 'wait' and c >= 0.95 * t) - 0.5) as wait_p95_s,
      0.001 * power(1.1, min(b) filter (where kind = 'wait' and c >= 0.99 * t) - 0.5) as wait_p99_s,
      0.001 * power(1.1, min(b) filter (where kind = 'run' and c >= 0.5 * t) - 0.5) as run_p50_s,
      0.001 * power(1.1, min(b) filter (where kind = 'run' and c >= 0.95 * t) - 0.5) as run_p95_s,
      0.001 * power(1.1, min(b) filter (where kind = 'run' and c >= 0.99 * t) - 0.5) as run_p99_s
    from (
      select h.kind, h.bucket::double precision as b, sum(h.n) over (partition by h.kind order by h.bucket) as c,
        sum(h.n) over (partition by h.kind) as t
      from public.job_histograms h
      where h.period = f.period and h.at = f.at and h.queue = f.queue) x) p on true;

create view report.throughput as
select f.period, f.at, f.accepted, f.started, f.completed, f.failed, f.timeout, f.retried, f.lost, f.deleted,
  p.wait_p50_s, p.wait_p95_s, p.wait_p99_s, p.run_p50_s, p.run_p95_s, p.run_p99_s, f.wait_s, f.run_s, f.busy_s
from (
    select period, at, sum(accepted)::bigint as accepted, sum(started)::bigint as started,
      sum(completed)::bigint as completed, sum(failed)::bigint as failed, sum(timeout)::bigint as timeout,
      sum(retried)::bigint as retried, sum(lost)::bigint as lost, sum(deleted)::bigint as deleted,
      sum(wait_s) as wait_s, sum(run_s) as run_s, sum(busy_s) as busy_s
    from public.job_figures group by period, at) f
  left join lateral (
    select 0.001 * power(1.1, min(b) filter (where kind = 'wait' and c >= 0.5 * t) - 0.5) as wait_p50_s,
      0.001 * power(1.1, min(b) filter (where kind = 'wait' and c >= 0.95 * t) - 0.5) as wait_p95_s,
      0.001 * power(1.1, min(b) filter (where kind = 'wait' and c >= 0.99 * t) - 0.5) as wait_p99_s,
      0.001 * power(1.1, min(b) filter (where kind = 'run' and c >= 0.5 * t) - 0.5) as run_p50_s,
      0.001 * power(1.1, min(b) filter (where kind = 'run' and c >= 0.95 * t) - 0.5) as run_p95_s,
      0.001 * power(1.1, min(b) filter (where kind = 'run' and c >= 0.99 * t) - 0.5) as run_p99_s
    from (
      select h.kind, h.bucket::double precision as b, sum(sum(h.n)) over (partition by h.kind order by h.bucket) as c,
        sum(sum(h.n)) over (partition by h.kind) as t
      from public.job_histograms h
      where h.period = f.period and h.at = f.at group by h.kind, h.bucket) x) p on true;

create view report.failures as
select date_trunc('day', completed_at, 'UTC') as day, status, queue, executor,
  left(split_part(translate(ltrim(left(error, 1000), E' \t\r\n'), E'\r', E'\n'), E'\n', 1), 120) as error_head,
  count(*) as jobs, min(completed_at) as first_at, max(completed_at) as last_at,
  (array_agg(id order by completed_at desc))[1] as last_job_id
from public.jobs
where status in ('failed', 'timeout')
group by 1, 2, 3, 4, 5;

create view report.callers as
select j.caller_id, j.context_id, count(*) as jobs,
  count(*) filter (where j.status = 'completed') as completed,
  count(*) filter (where j.status = 'failed') as failed,
  count(*) filter (where j.status = 'timeout') as timeout,
  count(*) filter (where j.status in ('created', 'queued', 'running')) as unfinished,
  coalesce(sum(a.n), 0)::bigint as attempts,
  coalesce(sum(a.run_s), 0)::double precision as run_s,
  coalesce(sum(case when j.started_at >= greatest(j.queued_at, j.start_at)
    then extract(epoch from j.started_at - greatest(j.queued_at, j.start_at)) end), 0)::double precision as wait_s,
  min(j.accepted_at) as first_at, max(j.accepted_at) as last_at
from public.jobs j
  left join (select job_id, count(*) as n, sum(run_s) as run_s from report.attempts group by job_id) a on a.job_id = j.id
group by j.caller_id, j.context_id;

create view report.freshness as
select c.counted_at, coalesce(greatest(extract(epoch from now() - n.at), 0), 0)::double precision as behind_s,
  f.xid::text::bigint as log_floor_xid
from public.job_figures_cursor c
  cross join public.job_events_floor f
  left join lateral (
    select e.at from public.job_events e where (e.xid, e.seq) > (c.xid, c.seq) order by e.xid, e.seq limit 1) n on true;

create schema report_payload;
comment on schema report_payload is 'What jobs were given and gave; granted to nobody';

create view report_payload.jobs as
select number, id as job_id, payload, env_vars, output, error from public.jobs;

-- Comments, the same words as in docs/REPORTING.md.

comment on view report.jobs is 'One row per job ever accepted, as long as it is kept. A deleted one has id and times, all else is null.';
comment on column report.jobs.number is 'order of acceptance';
comment on column report.jobs.job_id is 'its id; a deleted job''s id may be used again';
comment on column report.jobs.status is 'created, queued, running, completed, failed, timeout or deleted';
comment on column report.jobs.caller_id is 'as the caller sent it';
comment on column report.jobs.context_id is 'as the caller sent it';
comment on column report.jobs.runner is 'the runner''s name that the caller asked for';
comment on column report.jobs.queue is 'where it waits: that runner''s queue when the job was accepted';
comment on column report.jobs.executor is 'as the caller sent it';
comment on column report.jobs.priority is '-100 to 100, higher first';
comment on column report.jobs.timeout_s is 'seconds that an attempt may run';
comment on column report.jobs.labels is 'as the caller sent them; null when there are none';
comment on column report.jobs.accepted_at is 'when the server took it';
comment on column report.jobs.queued_at is 'when it was queued the last time; null before its start';
comment on column report.jobs.start_at is 'not before this time, if the caller asked for that';
comment on column report.jobs.started_at is 'when it was handed to a runner the last time';
comment on column report.jobs.stop_requested_at is 'when its stop was asked for';
comment on column report.jobs.completed_at is 'when it ended';
comment on column report.jobs.deleted_at is 'when it was deleted by job.delete';
comment on column report.jobs.attempts is 'hand-overs to runners that counted';
comment on column report.jobs.failures is 'attempts that failed or timed out';
comment on column report.jobs.losses is 'attempts whose runner was lost';
comment on column report.jobs.exit_code is 'of the last attempt, if the runner told one';
comment on column report.jobs.error_head is 'first line of the error, cut to 120 characters';
comment on column report.jobs.wait_s is 'seconds from queued_at or start_at, whichever is later, to started_at; null while it waits';
comment on column report.jobs.run_s is 'seconds that the last attempt ran; null until it has ended, and when the job ended while it waited';
comment on column report.jobs.total_s is 'seconds from acceptance to end';

comment on view report.attempts is 'One row per attempt of every job that is kept, the running ones among them.';
comment on column report.attempts.job_id is 'the job';
comment on column report.attempts.attempt is '1 for the first';
comment on column report.attempts.runner is 'who held it, or whom it was meant for once the session''s trace is gone';
comment on column report.attempts.session_id is 'the runner''s session, as in report.runners';
comment on column report.attempts.status is 'running, completed, failed, timeout or lost';
comment on column report.attempts.started_at is 'when it was handed over';
comment on column report.attempts.ended_at is 'when it ended; null while it runs';
comment on column report.attempts.run_s is 'seconds between the two';
comment on column report.attempts.exit_code is 'if the runner told one';
comment on column report.attempts.error_head is 'first line of the error, cut to 120 characters';

comment on view report.transitions is 'One row per change of state, as long as keep_events says. Of a deleted job runner, queue and detail are null.';
comment on column report.transitions.xid is 'transaction that wrote it; order by xid, seq';
comment on column report.transitions.seq is 'order within the transaction';
comment on column report.transitions.at is 'when it was written';
comment on column report.transitions.job_id is 'the job';
comment on column report.transitions.status is 'created, queued, running, completed, failed, timeout, stopping or deleted';
comment on column report.transitions.attempt is '0 before the first';
comment on column report.transitions.runner is 'the runner''s name that the caller asked for';
comment on column report.transitions.queue is 'the job''s queue';
comment on column report.transitions.node is 'the gateway that wrote it; empty when it speaks for all';
comment on column report.transitions.detail is 'one of: retry, released, runner lost, stopped, deleted, expired; null otherwise';
comment on column report.transitions.seconds is 'of running: the wait before it; of the end of an attempt: how long it ran; null otherwise';

comment on view report.runners is 'One row per session of a runner, ended ones as long as keep_figures says, and one per registered name without a session.';
comment on column report.runners.runner is 'its name';
comment on column report.runners.queue is 'that it takes jobs from';
comment on column report.runners.open is 'false after stop_runner; null when the name was removed';
comment on column report.runners.session_id is 'null for a name without a session';
comment on column report.runners.node is 'the gateway that held its connection last';
comment on column report.runners.state is 'connected, silent (its lease has run out), ended or absent';
comment on column report.runners.slots is 'jobs that it takes at once';
comment on column report.runners.running is 'jobs that it holds now';
comment on column report.runners.utilisation is 'running by slots, 0 to 1';
comment on column report.runners.connected_at is 'when the session began';
comment on column report.runners.seen_at is 'its last sign of life';
comment on column report.runners.ended_at is 'when it ended; null while it lives';
comment on column report.runners.connected_s is 'seconds that it lasted, so far';

comment on view report.utilisation is 'Work against capacity, per queue and hour or day in which anything happened.';
comment on column report.utilisation.period is 'hour or day';
comment on column report.utilisation.at is 'its beginning, UTC';
comment on column report.utilisation.queue is 'the queue';
comment on column report.utilisation.busy_s is 'seconds that attempts ran, counted where they ended';
comment on column report.utilisation.slot_s is 'seconds of slots that sessions of the queue''s runners offered';
comment on column report.utilisation.utilisation is 'busy_s by slot_s; above 1 when long attempts that began earlier ended in it';

comment on view report.queues is 'One row per queue that has work or a runner, as of now.';
comment on column report.queues.queue is 'its name';
comment on column report.queues.depth is 'jobs that could run now and wait';
comment on column report.queues.delayed is 'queued jobs that must wait for start_at or the pause before a retry';
comment on column report.queues.running is 'jobs that runners hold';
comment on column report.queues.oldest_wait_s is 'seconds that the first in line has waited, the longest over all priorities; null when nobody waits';
comment on column report.queues.runners is 'registered names that are open';
comment on column report.queues.sessions is 'connected sessions';
comment on column report.queues.slots is 'their slots, of open runners';

comment on view report.throughput is 'What happened in each minute, hour and day in which anything happened, over all queues.';
comment on column report.throughput.period is 'minute, hour or day';
comment on column report.throughput.at is 'its beginning, UTC';
comment on column report.throughput.accepted is 'jobs accepted';
comment on column report.throughput.started is 'hand-overs to runners';
comment on column report.throughput.completed is 'jobs that ended so';
comment on column report.throughput.failed is 'jobs that ended so';
comment on column report.throughput.timeout is 'jobs that ended so';
comment on column report.throughput.retried is 'attempts that failed or timed out and were queued again';
comment on column report.throughput.lost is 'attempts whose runner was lost';
comment on column report.throughput.deleted is 'jobs deleted';
comment on column report.throughput.wait_p50_s is 'half of the hand-overs waited no longer; seconds, within 5 %';
comment on column report.throughput.wait_p95_s is 'likewise 95 %';
comment on column report.throughput.wait_p99_s is 'likewise 99 %';
comment on column report.throughput.run_p50_s is 'half of the last attempts that ended ran no longer; seconds, within 5 %';
comment on column report.throughput.run_p95_s is 'likewise 95 %';
comment on column report.throughput.run_p99_s is 'likewise 99 %';
comment on column report.throughput.wait_s is 'seconds waited, summed over hand-overs';
comment on column report.throughput.run_s is 'seconds run, summed over last attempts';
comment on column report.throughput.busy_s is 'seconds run, summed over all attempts that ended';

comment on view report.queue_throughput is 'The same per queue.';
comment on column report.queue_throughput.period is 'minute, hour or day';
comment on column report.queue_throughput.at is 'its beginning, UTC';
comment on column report.queue_throughput.queue is 'the queue';
comment on column report.queue_throughput.accepted is 'jobs accepted';
comment on column report.queue_throughput.started is 'hand-overs to runners';
comment on column report.queue_throughput.completed is 'jobs that ended so';
comment on column report.queue_throughput.failed is 'jobs that ended so';
comment on column report.queue_throughput.timeout is 'jobs that ended so';
comment on column report.queue_throughput.retried is 'attempts that failed or timed out and were queued again';
comment on column report.queue_throughput.lost is 'attempts whose runner was lost';
comment on column report.queue_throughput.deleted is 'jobs deleted';
comment on column report.queue_throughput.wait_p50_s is 'half of the hand-overs waited no longer; seconds, within 5 %';
comment on column report.queue_throughput.wait_p95_s is 'likewise 95 %';
comment on column report.queue_throughput.wait_p99_s is 'likewise 99 %';
comment on column report.queue_throughput.run_p50_s is 'half of the last attempts that ended ran no longer; seconds, within 5 %';
comment on column report.queue_throughput.run_p95_s is 'likewise 95 %';
comment on column report.queue_throughput.run_p99_s is 'likewise 99 %';
comment on column report.queue_throughput.wait_s is 'seconds waited, summed over hand-overs';
comment on column report.queue_throughput.run_s is 'seconds run, summed over last attempts';
comment on column report.queue_throughput.busy_s is 'seconds run, summed over all attempts that ended';

comment on view report.failures is 'Jobs that failed or timed out and are kept, grouped by day and first line of the error.';
comment on column report.failures.day is 'its beginning, UTC, by the time of the end';
comment on column report.failures.status is 'failed or timeout';
comment on column report.failures.queue is 'the queue';
comment on column report.failures.executor is 'the executor';
comment on column report.failures.error_head is 'first line of the error, cut to 120 characters';
comment on column report.failures.jobs is 'how many';
comment on column report.failures.first_at is 'the first end among them';
comment on column report.failures.last_at is 'the last';
comment on column report.failures.last_job_id is 'the job of the last';

comment on view report.callers is 'What each caller and context used, over the jobs that are kept.';
comment on column report.callers.caller_id is 'as callers sent it';
comment on column report.callers.context_id is 'as callers sent it';
comment on column report.callers.jobs is 'jobs accepted';
comment on column report.callers.completed is 'of these';
comment on column report.callers.failed is 'of these';
comment on column report.callers.timeout is 'of these';
comment on column report.callers.unfinished is 'of these';
comment on column report.callers.attempts is 'attempts of them all, running ones included';
comment on column report.callers.run_s is 'seconds run by all attempts that ended: the cost';
comment on column report.callers.wait_s is 'seconds waited before the last hand-overs';
comment on column report.callers.first_at is 'first acceptance';
comment on column report.callers.last_at is 'last acceptance';

comment on view report.freshness is 'One row: how far the figures are.';
comment on column report.freshness.counted_at is 'when anything was counted last';
comment on column report.freshness.behind_s is 'age in seconds of the oldest event that is not counted yet; 0 when there is none';
comment on column report.freshness.log_floor_xid is 'the event log holds every transaction above this one';

-- The role of those who read reports, one for all databases of a server: it may be there already, or be made by another
-- migration at this moment, or the migrating user may not make roles (docs/REPORTING.md tells what to do then).
do $$
begin
  if not exists (select from pg_roles where rolname = 'supervisor_report') then
    create role supervisor_report nologin;
  end if;
exception
  when duplicate_object or unique_violation then null;
  when insufficient_privilege then
    raise notice 'the role supervisor_report was not created: this user may not; see docs/REPORTING.md';
end $$;

do $$
begin
  if exists (select from pg_roles where rolname = 'supervisor_report') and not exists (
    select from pg_db_role_setting s join pg_roles r on r.oid = s.setrole
    where r.rolname = 'supervisor_report' and s.setdatabase = 0 and s.setconfig::text like '%statement_timeout%')
  then
    alter role supervisor_report set idle_in_transaction_session_timeout = '60s';
    alter role supervisor_report set lock_timeout = '2s';
    alter role supervisor_report set default_transaction_read_only = on;
    alter role supervisor_report set statement_timeout = '30s';
  end if;
exception
  -- Another migration sets the same at this moment ("tuple concurrently updated"), or somebody else made the role.
  when internal_error or unique_violation then null;
  when insufficient_privilege then
    raise notice 'the limits of the role supervisor_report were not set: this user may not; see docs/REPORTING.md';
end $$;

do $$
begin
  if exists (select from pg_roles where rolname = 'supervisor_report') then
    grant usage on schema report to supervisor_report;
    grant select on all tables in schema report to supervisor_report;
  end if;
end $$;
