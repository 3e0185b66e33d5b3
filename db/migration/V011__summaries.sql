-- No requests to summarize: under load each new range of jobs_accepted asked autovacuum for it, and wrote a warning with
-- the whole statement into PostgreSQL's log when that had no room for the request. Each vacuum of jobs summarizes what
-- is new as well, and what is not summarized yet is read, not missed.
-- Lock: access exclusive on that index, for a moment; statements on jobs stand behind who waits for it, so it is waited
-- for shortly and often. Cost: none, catalog only. Who reads jobs in one transaction for all that time keeps the step
-- from doing it, not from passing: it can be done by hand, and nothing depends on it.
do $$
begin
  set local lock_timeout = '100ms';
  for tried in 1..60 loop
    begin
      alter index jobs_accepted set (autosummarize = off);
      return;
    exception when lock_not_available then
      perform pg_sleep(1);
    end;
  end loop;
  raise warning 'a transaction has read jobs for more than a minute; when it is over: alter index jobs_accepted set (autosummarize = off)';
end
$$;
