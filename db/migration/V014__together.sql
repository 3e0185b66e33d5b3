-- One row in the log for what happens to a job in the statement that creates it: 'queued' with the detail 'created'
-- stands for these two, 'running' with the detail 'handed' for created, queued and running. The numbers before its own
-- are theirs, so numbers go up by three. The view shows a row for each, as before.
-- Lock: access exclusive on the view report.transitions and share row exclusive on the numbers of job_events, which
-- writers draw, for a moment; each is waited for shortly and often. Cost: none, catalog only.
do $$
begin
  set local lock_timeout = '200ms';
  for tried in 1..120 loop
    begin
      create or replace view report.transitions as
      select e.xid::text::bigint as xid, e.seq - s.places as seq, e.at, e.job_id, s.status, s.attempt,
        case when not d.gone then e.runner end as runner,
        case when not d.gone then e.queue end as queue,
        split_part(e.node, '/', 1) as node,
        case when not d.gone then s.detail end as detail,
        s.seconds
      from public.job_events e
        cross join lateral (
          select exists (select from public.job_deletions x where x.id = e.job_id and x.deleted_at >= e.at) as gone) d
        cross join lateral (
          select 0 as places, e.status, e.attempt, e.seconds,
            case when (e.status, e.detail) not in (('running', 'handed'), ('queued', 'created')) then e.detail end as detail
          union all
          select 1, 'queued', 0, null, 'handed' where e.status = 'running' and e.detail = 'handed'
          union all
          select 2, 'created', 0, null, null where e.status = 'running' and e.detail = 'handed'
          union all
          select 1, 'created', 0, null, null where e.status = 'queued' and e.detail = 'created') s;
      alter sequence job_events_seq_seq increment by 3;
      return;
    exception when lock_not_available then
      perform pg_sleep(1);
    end;
  end loop;
  raise exception 'a transaction holds report.transitions for more than two minutes (a report?): end it, then migrate again';
end
$$;
