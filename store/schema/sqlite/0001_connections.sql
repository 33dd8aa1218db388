-- Keys of the store itself, wrapped by the key-encryption keyset.
create table key (
	name text primary key,
	wrapped blob not null
) strict, without rowid;

-- Times are milliseconds since 1970 UTC, null for none; scope is a JSON array.
create table connection (
	id integer primary key autoincrement, -- never used twice: it binds the ciphertexts
	name text not null unique,
	app text not null,
	type text not null,
	kind text not null,
	metadata_type text not null,
	metadata_value text not null,
	scope text not null,
	expires integer,
	broken text not null,
	version integer not null,
	created integer not null,
	updated integer not null,
	uid_hash blob,
	data_key blob not null, -- wrapped
	data blob not null,     -- sealed
	uid blob not null       -- sealed
) strict;

create index connection_uid on connection (uid_hash) where uid_hash is not null;

create table flow (
	seq integer primary key autoincrement,
	id text not null unique,
	app text not null,
	type text not null,
	name text not null,
	conn_id integer not null,
	session_hash text not null,
	state_hash text not null,
	token_hash text not null,
	redirect_uri text not null,
	scope text not null,
	created integer,
	expires integer,
	used integer not null default 0,
	data_key blob, -- wrapped; null when used, as are temp and data
	temp blob,     -- sealed
	data blob      -- sealed
) strict;

create index flow_session on flow (session_hash);
create index flow_token on flow (token_hash);
create index flow_expires on flow (expires) where expires is not null;
