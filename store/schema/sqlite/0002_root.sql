-- Where the app was loaded from when the connection was made.
alter table connection add column root text not null default '';
