-- What the columns say since the pause before a retry is a start_at of its own, and a day that is as long as UTC's in
-- every session.
-- Lock: access exclusive on the view report.utilisation, for a moment. Cost: none, catalog only.
comment on column report.jobs.start_at is 'not before this time, if the caller asked for that, or a pause before a retry did';
comment on column report.transitions.detail is
  'one of: retry, released, runner lost, handed (past the queue), stopped, deleted, expired; null otherwise';

create or replace view report.utilisation as
select f.period, f.at, f.queue, f.busy_s, s.slot_s, f.busy_s / nullif(s.slot_s, 0) as utilisation
from public.job_figures f
  cross join lateral (
    select f.at + case f.period when 'day' then interval '24 hours' else interval '1 hour' end as until) p
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
