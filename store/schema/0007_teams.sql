-- Every record belongs to a team. All that was there before belongs to the first one.
create table team (
	id integer primary key autoincrement,
	name text not null,
	branding text not null, -- a JSON object
	created integer not null,
	version integer not null
) strict;

insert into team (id, name, branding, created, version) values (1, 'Default', '{}', cast(unixepoch('subsec') * 1000 as integer), 1);

-- Names are unique in a team. What has the constraint of before is made anew, with the
-- numbers that were given so far.
create table connection2 (
	id integer primary key autoincrement, -- never used twice: it binds the ciphertexts
	team integer not null,
	name text not null,
	app text not null,
	root text not null,
	type text not null,
	kind text not null,
	metadata_type text not null,
	metadata_value text not null,
	scope text not null,
	expires integer,
	broken text not null,
	end_user text not null,
	version integer not null,
	created integer not null,
	updated integer not null,
	uid_hash blob,
	data_key blob not null, -- wrapped
	data blob not null,     -- sealed
	uid blob not null,      -- sealed
	unique (team, name)
) strict;

insert into connection2 select id, 1, name, app, root, type, kind, metadata_type, metadata_value, scope, expires, broken,
	'', version, created, updated, uid_hash, data_key, data, uid from connection;
delete from sqlite_sequence where name = 'connection2';
insert into sqlite_sequence (name, seq) select 'connection2', seq from sqlite_sequence where name = 'connection';
drop table connection;
alter table connection2 rename to connection;
create index connection_uid on connection (team, uid_hash) where uid_hash is not null;
create index connection_app on connection (team, app);
create index connection_end_user on connection (team, end_user) where end_user <> '';

create table hook2 (
	id integer primary key autoincrement, -- never used twice: it binds the ciphertexts
	team integer not null,
	name text not null,
	app text not null,
	root text not null,
	type text not null,
	connection integer not null, -- 0 for none
	attached integer not null,
	disabled integer not null,
	sequential integer not null,
	trigger_module text not null,
	destination text not null,
	version integer not null,
	created integer not null,
	updated integer not null,
	uid_hash blob,
	token_hash blob,          -- null when it was never made, or there is no token
	data_key blob not null,   -- wrapped
	token blob not null,      -- sealed, as are the rest
	address blob not null,
	uid blob not null,
	parameters blob not null,
	trigger_parameters blob,  -- null for none
	data blob not null,
	unique (team, name)
) strict;

insert into hook2 select id, 1, name, app, root, type, connection, attached, disabled, sequential, '', '',
	version, created, updated, uid_hash, null, data_key, token, address, uid, parameters, null, data from hook;
delete from sqlite_sequence where name = 'hook2';
insert into sqlite_sequence (name, seq) select 'hook2', seq from sqlite_sequence where name = 'hook';

create table delivery2 (
	seq integer primary key autoincrement,
	id text not null unique,
	hook integer not null references hook2 (id) on delete cascade,
	received integer not null,
	size integer not null,  -- of the bundles before they were sealed
	data_key blob not null, -- wrapped
	bundles blob not null   -- sealed
) strict;

insert into delivery2 select seq, id, hook, received, size, data_key, bundles from delivery;
delete from sqlite_sequence where name = 'delivery2';
insert into sqlite_sequence (name, seq) select 'delivery2', seq from sqlite_sequence where name = 'delivery';
drop table delivery;
drop table hook;
alter table hook2 rename to hook;
alter table delivery2 rename to delivery;
create index hook_uid on hook (team, uid_hash) where uid_hash is not null;
create index hook_token on hook (token_hash) where token_hash is not null;
create index hook_app on hook (team, app);
create index hook_connection on hook (team, connection) where connection <> 0;
create index hook_destination on hook (team, destination) where destination <> '';
create index delivery_hook on delivery (hook, seq, size);

create table trigger_state2 (
	team integer not null,
	id text not null,
	start text not null,
	last_date integer,
	last_id text not null,
	included integer not null,
	same_date_ids text not null,
	version integer not null,
	updated integer not null,
	primary key (team, id)
) strict, without rowid;

insert into trigger_state2 select 1, id, start, last_date, last_id, included, same_date_ids, version, updated from trigger_state;
drop table trigger_state;
alter table trigger_state2 rename to trigger_state;

alter table flow add column team integer not null default 1;
alter table renewal add column team integer not null default 1;
