-- What is no longer kept of the event log, so that a reader who comes back too late is told of the gap.
-- Lock: none (a new table). Cost: none.

-- One row. Everything behind this position is kept; whoever drops a partition of job_events moves it first.
create table job_events_floor (
  singleton boolean primary key default true,
  xid xid8 not null default '0',
  seq bigint not null default 0,
  constraint job_events_floor_one check (singleton)
);
insert into job_events_floor default values;
