-- A runner may be given its next job while the outcome of the one before is being written: for that moment its session
-- holds more jobs than it has slots.
-- Lock: none that anybody waits for. Cost: none, catalog only.
comment on column report.runners.running is 'jobs that it holds now, reported ones too until their outcome is written';
comment on column report.runners.utilisation is 'running by slots; above 1 for a moment, while outcomes are being written';
