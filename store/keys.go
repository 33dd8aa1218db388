package store

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
)

// keys are the keys that a store works with. They never change; a store that learns of
// a rotation replaces them.
type keys struct {
	kek     *kek
	wrapped []byte // the uid key as the database holds it
	uid     []byte
}

// uidKeyPlace is the row of the uid key. That key is also the proof that a keyset
// belongs to a database, and changes its wrapped form with each rotation.
var uidKeyPlace = place{table: "key", row: "uid"}

// uidHash returns what the column uid_hash holds for the account uid of an app.
func (k *keys) uidHash(app, uid string) []byte {
	if uid == "" {
		return nil
	}
	mac := hmac.New(sha256.New, k.uid)
	mac.Write([]byte(strconv.Quote(app)))
	mac.Write([]byte(uid))
	return mac.Sum(nil)
}

// tokenHash returns what the column token_hash holds for the token of a hook. The names
// of apps are quoted in uidHash, so that no two of the hashed texts are the same.
func (k *keys) tokenHash(token string) []byte {
	if token == "" {
		return nil
	}
	mac := hmac.New(sha256.New, k.uid)
	mac.Write([]byte("token|" + token))
	return mac.Sum(nil)
}

func wrappedUIDKey(ctx context.Context, q executor) ([]byte, error) {
	var wrapped []byte
	err := q.QueryRowContext(ctx, "select wrapped from key where name = 'uid'").Scan(&wrapped)
	return wrapped, err
}

// firstKeys returns the keys of the database and makes those that do not exist yet.
func (s *database) firstKeys(ctx context.Context, tx queries) (*keys, error) {
	wrapped, err := wrappedUIDKey(ctx, tx)
	if err == nil {
		k, err := s.keyset.load()
		if errors.Is(err, errNoFile) {
			return nil, fmt.Errorf("%w: the secrets in %s need it, put it back (or remove %s to start anew)", err, s.name, s.name)
		}
		if err != nil {
			return nil, err
		}
		return s.unlock(k, wrapped)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	k, err := s.keyset.create()
	if err != nil {
		return nil, err
	}
	uid := make([]byte, sha256.Size)
	rand.Read(uid)
	if wrapped, err = k.aead.Encrypt(uid, uidKeyPlace.column("wrapped")); err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, "insert into key (name, wrapped) values ('uid', ?)", wrapped); err != nil {
		return nil, err
	}
	return &keys{kek: k, wrapped: wrapped, uid: uid}, nil
}

// unlock opens the uid key with k.
func (s *database) unlock(k *kek, wrapped []byte) (*keys, error) {
	uid, err := k.aead.Decrypt(wrapped, uidKeyPlace.column("wrapped"))
	if err != nil {
		return nil, fmt.Errorf("%s does not belong to %s, restore the one that does: %w", s.keyset.name(), s.engine.name, ErrKeyset)
	}
	return &keys{kek: k, wrapped: wrapped, uid: uid}, nil
}

// currentKeys returns the keys in force in the transaction q. After a rotation by
// another process it reads the keyset again, so that nothing is wrapped with a keyset
// that the database no longer knows.
func (s *database) currentKeys(ctx context.Context, q executor) (*keys, error) {
	wrapped, err := wrappedUIDKey(ctx, q)
	if err != nil {
		return nil, err
	}
	if k := s.keys.Load(); bytes.Equal(k.wrapped, wrapped) {
		return k, nil
	}
	return s.reload(wrapped)
}

// reload reads the keyset and unlocks the database with it.
func (s *database) reload(wrapped []byte) (*keys, error) {
	kek, err := s.keyset.load()
	if err != nil {
		return nil, err
	}
	k, err := s.unlock(kek, wrapped)
	if err != nil {
		return nil, err
	}
	s.keys.Store(k)
	return k, nil
}

// newerKeys returns other keys than k when the keyset has changed, else nil: something
// could not be decrypted, which a rotation by another process would explain.
func (s *database) newerKeys(ctx context.Context, k *keys) *keys {
	if s.keyset.given != nil {
		return nil
	}
	text, err := s.keyset.readFile()
	if err != nil || bytes.Equal(text, k.kek.text) {
		return nil
	}
	wrapped, err := wrappedUIDKey(ctx, s.read)
	if err != nil {
		return nil
	}
	newer, err := s.reload(wrapped)
	if err != nil {
		return nil
	}
	return newer
}
