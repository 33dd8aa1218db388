package record

// TeamStore keeps the records of one team.
type TeamStore interface {
	Members
	Audits
	Apps
	Runs
	Triggers
	Deliveries
	Events
	Destinations
	Replies
}

// Store keeps the records of all teams.
type Store interface {
	Directory
	Schedule
	Retries
	LostRuns
	Outbox
	Pruner
}
