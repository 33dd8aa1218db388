-- What apps, and with a connection their connection types, were set up with here.
create table installation (
	seq integer primary key autoincrement,
	team integer not null,
	app text not null,
	connection text not null, -- '' for the app itself
	version integer not null,
	updated integer not null,
	data_key blob not null,   -- wrapped
	parameters blob not null, -- sealed, as is common
	common blob not null,
	unique (team, app, connection)
) strict;
