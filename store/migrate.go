package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
)

// applicationID marks a database as one of cleat's ("clea").
const applicationID = 0x636c6561

// ErrNewer means that the database was written by a newer version of the program.
var ErrNewer = errors.New("made by a newer version of cleat")

//go:embed schema/*/*.sql
var schemaFiles embed.FS

// migrations returns the steps of the schema of a dialect; step i makes version i+1 of it.
func migrations(dialect string) ([]string, error) {
	names, err := fs.Glob(schemaFiles, "schema/"+dialect+"/*.sql")
	if err != nil {
		return nil, err
	}
	steps := make([]string, len(names))
	for i, name := range names {
		step, err := schemaFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		steps[i] = string(step)
	}
	return steps, nil
}

// migrate brings the database to the newest schema inside the write transaction tx.
func migrate(ctx context.Context, tx executor, steps []string) error {
	var version, application, tables int
	err := tx.QueryRowContext(ctx, `select user_version, application_id, (select count(*) from sqlite_schema)
		from pragma_user_version, pragma_application_id`).Scan(&version, &application, &tables)
	if err != nil {
		return err
	}
	switch {
	case application != applicationID && (application != 0 || version != 0 || tables != 0):
		return fmt.Errorf("%s is a database of another program", databaseName)
	case version > len(steps):
		return fmt.Errorf("%s has schema %d, this program knows %d: %w; update cleat", databaseName, version, len(steps), ErrNewer)
	case version == len(steps):
		return nil
	}
	for i, step := range steps[version:] {
		if _, err := tx.ExecContext(ctx, step); err != nil {
			return fmt.Errorf("migrate %s to schema %d: %w", databaseName, version+i+1, err)
		}
	}
	_, err = tx.ExecContext(ctx, fmt.Sprintf("pragma application_id = %d; pragma user_version = %d", applicationID, len(steps)))
	return err
}
