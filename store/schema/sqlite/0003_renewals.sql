-- Who renews the secrets of a connection, until when nobody else may, and the provider's
-- answer while it is not yet in the connection.
create table renewal (
	conn_id integer primary key,
	owner text not null,
	until integer not null,
	version integer not null default 0, -- of the connection that was renewed
	data_key blob, -- wrapped; null without an answer, as is answer
	answer blob    -- sealed
) strict;

create index flow_state on flow (state_hash) where state_hash <> '';
