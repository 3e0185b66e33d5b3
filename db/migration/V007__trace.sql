-- Which trace a job belongs to. Beside its row: most jobs have none, and the hot row stays as narrow as it is.
-- Lock: none that matters (a new table). Cost: nothing for jobs without a trace.
create table job_traces (
  job_number bigint primary key,
  traceparent text not null,                                -- W3C Trace Context, version 00: who asked for the job
  constraint job_traces_length check (length(traceparent) = 55)
);
