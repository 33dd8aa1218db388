-- How far polling triggers have come. Times are milliseconds since 1970 UTC, null for
-- none; same_date_ids is a JSON array.
create table trigger_state (
	id text primary key,
	start text not null,
	last_date integer,
	last_id text not null,
	included integer not null,
	same_date_ids text not null,
	version integer not null,
	updated integer not null
) strict, without rowid;
