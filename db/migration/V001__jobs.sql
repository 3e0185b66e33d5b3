-- Jobs, their queue, who holds them, and the log of every transition.
-- Lock: none that matters (new tables). Cost: none on an empty database.

create table runners (
  name text primary key,
  queue text not null,
  open boolean not null default true,                       -- false after stop_runner
  registered_at timestamptz not null default clock_timestamp(),
  constraint runners_name_set check (name <> ''),
  constraint runners_queue_set check (queue <> '')
);
create index runners_queue on runners (queue);

-- A job: its specification (written once) and its state (updated when handed out and when ended). No index covers a
-- column that changes, so that both updates stay heap-only; the free space of a page is for them.
create table jobs (
  number bigint generated always as identity primary key,   -- order of acceptance
  id text not null,
  caller_id text not null,
  context_id text not null,
  payload text not null,
  runner text not null,
  queue text not null,                                      -- of that runner when the job was accepted
  executor text not null,
  timeout_s double precision not null,
  env_vars jsonb not null,
  created_text text not null,                               -- RFC 3339, as the caller sent it
  updated_text text not null,
  retries integer,
  retry_delay_s double precision,
  priority smallint,
  start_text text,                                          -- RFC 3339, as the caller sent it
  start_at timestamptz,
  labels jsonb,
  at_most_once boolean,
  fingerprint bytea not null,                               -- of the content; tells a repetition from a conflict
  accepted_at timestamptz not null default clock_timestamp(), -- the server's own clock
  status text not null,
  queued_at timestamptz,
  queue_seq bigint,                                         -- its place, kept when it is handed back
  attempt integer not null default 0,
  lease bigint,                                             -- the fence; null when no outcome from a runner may come
  session_id text,
  started_at timestamptz,
  completed_at timestamptz,
  stop_requested_at timestamptz,
  failures integer not null default 0,                      -- attempts that ended in an error or a timeout
  losses integer not null default 0,                        -- attempts whose runner was lost
  output text,
  error text,
  exit_code integer,
  constraint jobs_status check (status in ('created', 'queued', 'running', 'completed', 'failed', 'timeout')),
  constraint jobs_created_untouched check (status <> 'created' or (queued_at is null and attempt = 0)),
  constraint jobs_queued_placed check (status <> 'queued' or (queued_at is not null and lease is null and session_id is null)),
  constraint jobs_running_held check (status <> 'running' or (lease is not null and session_id is not null and started_at is not null and attempt > 0)),
  constraint jobs_final_complete check ((status in ('completed', 'failed', 'timeout')) = (completed_at is not null)),
  constraint jobs_one_outcome check (num_nonnulls(output, error) = (case when status in ('completed', 'failed', 'timeout') then 1 else 0 end)),
  constraint jobs_success_has_output check (status <> 'completed' or output is not null),
  constraint jobs_timeout_positive check (timeout_s > 0),
  constraint jobs_priority_range check (priority between -100 and 100),
  constraint jobs_retries_range check (retries between 0 and 100)
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
create unique index jobs_id on jobs (id);

create sequence job_queue_seq as bigint cache 1;

-- A row exists only while its job waits to be handed out. Claiming deletes it.
create table job_queue (
  queue text not null,
  priority smallint not null,                               -- higher first
  seq bigint not null,                                      -- then first come, first served
  job_number bigint not null
) with (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

-- In the order of claiming, so that a claim reads no more than it takes (a primary key cannot have a descending column).
create unique index job_queue_order on job_queue (queue, priority desc, seq);

-- A queued job that must not be handed out yet: start_at, or the delay before a retry.
create table job_timers (
  due_at timestamptz not null,
  job_number bigint not null,
  primary key (due_at, job_number)
);

-- A row exists only while a runner's session holds the job.
create table job_holds (
  session_id text not null,
  job_number bigint not null,
  deadline_at timestamptz not null,
  primary key (session_id, job_number)
) with (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

-- Attempts that ended without ending the job; the last attempt is the job's own row.
create table job_attempts (
  job_id text not null,
  attempt integer not null,
  runner text not null,
  session_id text not null,
  lease bigint,                                             -- when its runner reported it: tells a repeated report from a stale one
  started_at timestamptz not null,
  ended_at timestamptz not null default clock_timestamp(),
  status text not null,
  error text not null,
  exit_code integer,
  primary key (job_id, attempt),
  constraint job_attempts_status check (status in ('failed', 'timeout', 'lost'))
);

create table runner_sessions (
  id text primary key,
  runner text not null,
  node text not null,                                       -- the gateway that holds its socket
  slots integer not null,
  executors text[] not null,
  labels jsonb not null,
  connected_at timestamptz not null default clock_timestamp(),
  seen_at timestamptz not null default clock_timestamp(),   -- of the last beat
  lease_until timestamptz not null,
  constraint runner_sessions_slots check (slots > 0)
) with (fillfactor = 50);
create index runner_sessions_runner on runner_sessions (runner);

-- Every transition, append-only. Position = (xid, seq), read up to the oldest running transaction, so that a reader
-- never skips a late commit. Partitioned by day; dropped by partition.
create table job_events (
  xid xid8 not null default pg_current_xact_id(),
  seq bigint generated always as identity,
  at timestamptz not null default clock_timestamp(),
  job_id text not null,
  status text not null,                                     -- one of the six, 'stopping' or 'deleted'
  attempt integer not null,
  runner text not null,
  queue text not null,
  node text not null,                                       -- the gateway that wrote it
  detail text                                               -- error head, reason
) partition by range (at);
create index job_events_position on job_events (xid, seq);
create table job_events_default partition of job_events default;

create table secrets (
  id text primary key,
  name text not null,
  scope text not null,
  hash bytea not null,                                      -- SHA-256 of the secret, which has 256 random bits
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz,
  revoked_at timestamptz,
  constraint secrets_scope check (scope in ('admin', 'user', 'register')),
  constraint secrets_hash_size check (octet_length(hash) = 32)
);
create unique index secrets_hash on secrets (hash);

-- Who did what to the system: secrets, runners, refused outcomes. Append-only.
create table audit (
  at timestamptz not null default clock_timestamp(),
  id bigint generated always as identity primary key,
  actor text not null,
  action text not null,
  subject text not null,
  detail text
);
