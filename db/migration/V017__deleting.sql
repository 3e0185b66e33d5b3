-- Jobs whose deletion was asked for while they ran, until they are gone: whoever waits for one hears that there is no such
-- job, at any gateway, and what a gateway that ends meanwhile has begun another one finishes.
-- Lock: none that anybody waits for. Cost: none, the table is new.
create table if not exists job_deleting (
  job_number bigint primary key,
  job_id text not null
);
