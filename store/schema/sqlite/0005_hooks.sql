create table hook (
	id integer primary key autoincrement, -- never used twice: it binds the ciphertexts
	name text not null unique,
	app text not null,
	root text not null,
	type text not null,
	connection integer not null, -- 0 for none
	attached integer not null,
	disabled integer not null,
	sequential integer not null,
	version integer not null,
	created integer not null,
	updated integer not null,
	uid_hash blob,
	data_key blob not null,   -- wrapped
	token blob not null,      -- sealed, as are the rest
	address blob not null,
	uid blob not null,
	parameters blob not null,
	data blob not null
) strict;

create index hook_uid on hook (uid_hash) where uid_hash is not null;

-- What hooks were sent and nobody has worked on yet, in the order of seq.
create table delivery (
	seq integer primary key autoincrement,
	id text not null unique,
	hook integer not null references hook (id) on delete cascade,
	received integer not null,
	size integer not null,  -- of the bundles before they were sealed
	data_key blob not null, -- wrapped
	bundles blob not null   -- sealed
) strict;

create index delivery_hook on delivery (hook, seq, size);
