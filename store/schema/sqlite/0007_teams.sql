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

-- What a server keeps. Times are milliseconds since 1970 UTC, null for none. Sealed columns
-- are encrypted with the key of the table data_key that seal_key names.
create table data_key (
	id integer primary key autoincrement, -- never used twice: it binds the wrapped key
	created integer not null,
	wrapped blob not null
) strict;

create table person (
	id text primary key,
	email text not null unique,
	name text not null,
	password text not null,
	subject text not null,
	disabled integer not null,
	created integer not null,
	version integer not null
) strict;

create unique index person_subject on person (subject) where subject <> '';

create table member (
	team integer not null references team (id) on delete cascade,
	person text not null references person (id) on delete cascade,
	role text not null,
	primary key (team, person)
) strict, without rowid;

create index member_person on member (person, team);

create table session (
	hash text primary key,
	person text not null references person (id) on delete cascade,
	team integer not null,
	address text not null,
	agent text not null,
	created integer not null,
	expires integer not null
) strict, without rowid;

create index session_person on session (person, created);
create index session_expires on session (expires);

create table link (
	hash text primary key,
	purpose text not null,
	team integer not null,
	person text not null,
	created integer not null,
	expires integer not null,
	used integer not null,
	seal_key integer, -- null when used, as is details
	details blob      -- sealed
) strict;

create index link_expires on link (expires);

create table token (
	id text primary key,
	team integer not null,
	name text not null,
	hash text not null unique,
	hint text not null,
	scopes text not null, -- a JSON array
	made_by text not null,
	created integer not null,
	expires integer,
	used integer,
	revoked integer
) strict;

create index token_team on token (team, id);

create table audit (
	id text primary key,
	team integer not null,
	made integer not null,
	actor text not null,
	action text not null,
	object text not null,
	address text not null,
	detail text not null
) strict;

create index audit_team on audit (team, id);
create index audit_made on audit (made);

create table app (
	id text primary key,
	team integer not null,
	name text not null,
	label text not null,
	active integer not null,
	created integer not null,
	updated integer not null,
	unique (team, name)
) strict;

create table app_version (
	app text not null references app (id) on delete cascade,
	number integer not null,
	declared text not null,
	digest text not null,
	size integer not null,
	errors integer not null,
	warnings integer not null,
	made_by text not null,
	created integer not null,
	seal_key integer not null,
	archive blob not null, -- sealed
	primary key (app, number)
) strict;

create table run (
	id text primary key,
	team integer not null,
	kind text not null,
	app text not null,
	component text not null,
	connection integer not null,
	source text not null,
	made_by text not null,
	state text not null,
	error text not null,
	error_type text not null,
	bundles integer not null,
	exchanges integer not null,
	started integer not null,
	ended integer,
	node text not null,
	seal_key integer, -- null without a transcript
	transcript blob   -- sealed
) strict;

create index run_team on run (team, id);
create index run_app on run (team, app, id);
create index run_state on run (team, state, id);
create index run_connection on run (team, connection, id) where connection <> 0;
create index run_source on run (team, source, id) where source <> '';
create index run_started on run (started);

-- Polling triggers that run on a schedule; how far they have come is in trigger_state.
create table schedule (
	id text primary key,
	team integer not null,
	name text not null,
	app text not null,
	module text not null,
	connection integer not null,
	every integer not null, -- nanoseconds
	cron text not null,
	timezone text not null,
	start text not null,
	most integer not null,
	destination text not null,
	sequential integer not null,
	paused text not null,
	failures integer not null,
	last_error text not null,
	last_run integer,
	next_at integer,
	offered_at integer not null, -- 0 when the present time was not offered yet
	created integer not null,
	updated integer not null,
	version integer not null,
	seal_key integer not null,
	parameters blob not null, -- sealed
	unique (team, name)
) strict;

create index schedule_team on schedule (team, id);
create index schedule_due on schedule (next_at, offered_at) where paused = '' and next_at is not null;
create index schedule_app on schedule (team, app);
create index schedule_connection on schedule (team, connection) where connection <> 0;
create index schedule_destination on schedule (team, destination) where destination <> '';

-- What hooks were sent, as far as it was worked on.
create table received (
	id text primary key,
	team integer not null,
	hook integer not null,
	received integer not null,
	source text not null,
	state text not null,
	attempt integer not null,
	fence integer not null,
	node text not null,
	error text not null,
	bundles integer not null,
	replay_of text not null,
	retry_at integer,
	ended integer,
	seal_key integer, -- null without a request
	request blob      -- sealed
) strict;

create index received_team on received (team, id);
create index received_hook on received (team, hook, id);
create index received_state on received (team, state, id);
create index received_retry on received (retry_at) where retry_at is not null;
create index received_received on received (received);

create table event (
	seq integer primary key autoincrement,
	id text not null unique,
	team integer not null,
	source text not null,
	app text not null,
	run text not null,
	destination text not null,
	sequential integer not null,
	created integer not null,
	seal_key integer not null,
	bundle blob not null -- sealed
) strict;

create index event_team on event (team, seq);
create index event_source on event (team, source, seq);
create index event_app on event (team, app, seq);
create index event_destination on event (team, destination, seq) where destination <> '';
create index event_created on event (created);

create table destination (
	id text primary key,
	team integer not null,
	name text not null,
	paused text not null,
	created integer not null,
	updated integer not null,
	version integer not null,
	seal_key integer not null,
	url blob not null,    -- sealed, as is the secret
	secret blob not null,
	unique (team, name)
) strict;

create table handover (
	seq integer primary key references event (seq) on delete cascade,
	event text not null unique,
	team integer not null,
	destination text not null references destination (id) on delete cascade,
	source text not null,
	sequential integer not null,
	state text not null,
	tries integer not null,
	next_at integer,
	status integer not null,
	error text not null,
	owner text not null,
	updated integer not null
) strict;

create index handover_list on handover (destination, event);
create index handover_state on handover (destination, state, event);
create index handover_due on handover (destination, next_at) where state = 'pending' and not sequential;
create index handover_lane on handover (destination, source, seq) where state = 'pending' and sequential;

create table reply (
	team integer not null,
	actor text not null,
	key text not null,
	digest text not null,
	status integer not null,
	header text not null,
	expires integer not null,
	seal_key integer, -- null while the request is being worked on
	body blob,        -- sealed
	primary key (team, actor, key)
) strict;

create index reply_expires on reply (expires);
