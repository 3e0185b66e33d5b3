-- Room for a second version of every job's row in its page. At 60 % a quarter of the updates that end a job found their
-- page full: the row moved to another one, with new entries in all three indexes (decision 003).
-- Lock: share update exclusive on jobs, for a moment: reads and writes go on, also while it waits for a vacuum. Cost:
-- none, catalog only; pages that are there stay as they are. Jobs that wait take a fifth
-- more room on disk, ended ones none: the rows that moved took it before.
alter table jobs set (fillfactor = 50);
