-- Whether the new authorization of a connection may be for another account.
alter table flow add column any_account integer not null default 0;
