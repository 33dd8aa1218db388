-- When the node of a run last said that it is at work on it; null when none does.
alter table run add column beat bigint;
update run set beat = started where state = 'running';
create index run_beat on run (beat) where state = 'running';

-- For whom the connection is that a flow makes.
alter table flow add column end_user text not null default '';
