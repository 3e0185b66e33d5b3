-- What jobs print, and how far they say they are.
-- Lock: none that matters (new tables). Cost: none on an empty database, none that grows with jobs.

-- One row per attempt that printed anything: where its streams end. Whoever appends locks it, so that no byte is
-- written twice. Offsets count bytes of UTF-8. Changes often, hence the free space for heap-only updates.
create table job_log_ends (
  job_id text not null,
  attempt integer not null,
  lease bigint not null,                                    -- of the hand-over that wrote it
  began_at timestamptz not null default clock_timestamp(),  -- no chunk of it is older
  stdout_next bigint not null default 0,
  stderr_next bigint not null default 0,
  stdout_cut bigint not null default 0,                     -- where the kept tail begins; 0 while nothing was cut out
  stderr_cut bigint not null default 0,
  primary key (job_id, attempt),
  constraint job_log_ends_order check (stdout_cut <= stdout_next and stderr_cut <= stderr_next)
) with (fillfactor = 60);

-- The chunks, append-only but for the middle of what is too long. Partitioned by day; dropped by partition.
create table job_logs (
  at timestamptz not null default clock_timestamp(),
  job_id text not null,
  attempt integer not null,
  stream text not null,
  start bigint not null,                                    -- offset of its first byte in its stream
  place bigint not null,                                    -- bytes of both streams that were written before it
  size integer not null,                                    -- bytes of UTF-8
  data text not null,
  constraint job_logs_stream check (stream in ('stdout', 'stderr')),
  constraint job_logs_size check (size > 0)
) partition by range (at);
create index job_logs_place on job_logs (job_id, attempt, place);
create table job_logs_default partition of job_logs default;

-- The last that was said of a job, beside its row so that the row's own updates stay as they are.
create table job_progress (
  job_id text primary key,
  attempt integer not null,                                 -- that said it
  percent double precision,
  note text,
  checkpoint text,                                          -- opaque; kept for the next attempt
  at timestamptz not null default clock_timestamp(),
  constraint job_progress_percent check (percent between 0 and 100)
) with (fillfactor = 60);
