-- What the tracing systems on the way have added to a trace: tracestate, beside traceparent.
-- Lock: access exclusive on job_traces, for a moment: a column without a default rewrites and reads nothing, and its
-- bound is that of its type. Every hand-over reads the table and would stand behind who waits for that lock, so it is
-- waited for shortly and often: a dump that runs keeps the step waiting and nobody else. Cost: none, catalog only.
do $$
begin
  set local lock_timeout = '200ms';
  for tried in 1..120 loop
    begin
      alter table job_traces add column tracestate varchar(512);   -- W3C Trace Context; null when nobody sent one
      return;
    exception when lock_not_available then
      perform pg_sleep(1);
    end;
  end loop;
  raise exception 'a transaction holds job_traces for more than two minutes (a dump?): end it, then migrate again';
end
$$;
