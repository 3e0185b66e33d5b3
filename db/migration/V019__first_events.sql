-- A row of the log that stands for several events takes their numbers before its own: of a new database's first rows
-- these were 0 and less, which no reader asks for. Later numbers are left as they are.
-- Lock: none. Cost: none.
select setval('job_events_seq_seq', 3) from job_events_seq_seq where last_value < 3;
