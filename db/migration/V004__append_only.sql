-- Partitions of the logs are only appended to and dropped as a whole. A vacuum after inserts has nothing to free there,
-- but it notes what little room each page has left, and every later row is then put on another old page: sixty rows
-- read and dirtied sixty pages. New partitions are made with this setting (store/Partitions).
-- Lock: share update exclusive on each partition, for a moment. Cost: none, catalog only.
do $$
declare
  part regclass;
begin
  for part in
    select inhrelid::regclass from pg_inherits where inhparent in ('job_events'::regclass, 'job_logs'::regclass)
  loop
    execute format('alter table %s set (autovacuum_vacuum_insert_threshold = -1)', part);
  end loop;
end
$$;
