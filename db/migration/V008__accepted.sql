-- By time of acceptance, a few pages for millions of rows, for reports. The column never changes, so updates of jobs stay
-- heap-only.
-- Lock: share update exclusive on jobs: reads and writes go on. Cost: two passes over jobs, and it waits for every
-- transaction that is older. Not in a transaction, as Flyway sees by itself; what a broken run left behind goes first.

drop index concurrently if exists jobs_accepted;

create index concurrently jobs_accepted on jobs using brin (accepted_at) with (pages_per_range = 32, autosummarize = on);
