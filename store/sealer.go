package store

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/cleat-run/cleat/value"
)

const (
	sealerLife = time.Hour // how long one data key seals
	maxSealers = 1 << 10   // how many data keys are remembered
)

// sealer is a data key of the table data_key: a process makes one for each hour in which
// it writes, so that a row costs an encryption and not a key.
type sealer struct {
	id    int64
	aead  tink.AEAD
	until time.Time // when the next one is due
}

// sealing holds the data keys that a process has made or read.
type sealing struct {
	mu      sync.Mutex
	current *sealer
	known   map[int64]tink.AEAD
}

func (s *sealing) remember(id int64, key tink.AEAD) {
	if len(s.known) >= maxSealers || s.known == nil {
		s.known = make(map[int64]tink.AEAD)
	}
	s.known[id] = key
}

// sealer returns the data key of this hour. It is on the disk before it is used.
func (s *database) sealer(ctx context.Context) (*sealer, error) {
	s.seals.mu.Lock()
	defer s.seals.mu.Unlock()
	now := s.now()
	if c := s.seals.current; c != nil && now.Before(c.until) && !now.Before(c.until.Add(-sealerLife)) {
		return c, nil
	}
	made, err := s.newSealer(ctx, now)
	if err != nil {
		return nil, err
	}
	s.seals.current = made
	s.seals.remember(made.id, made.aead)
	return made, nil
}

func dataKeyPlace(id int64) place { return place{table: "data_key", row: strconv.FormatInt(id, 10)} }

func (s *database) newSealer(ctx context.Context, now time.Time) (*sealer, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, err
	}
	made := &sealer{aead: primitive, until: now.Add(sealerLife)}
	err = s.change(ctx, func(ctx context.Context, tx queries, k *keys) error {
		if made.id, err = nextID(ctx, tx, "data_key"); err != nil {
			return err
		}
		wrapped, err := k.kek.wrap(handle, dataKeyPlace(made.id))
		if err != nil {
			return err
		}
		return execOne(ctx, tx, nil, "insert into data_key (id, created, wrapped) values (?, ?, ?)", made.id, now.UnixMilli(), wrapped)
	})
	return made, err
}

// seal encrypts the content of a column of the row at p.
func (s *sealer) seal(p place, column string, content []byte) ([]byte, error) {
	return s.aead.Encrypt(content, p.column(column))
}

// sealCollection encrypts the encoded form of c.
func (s *sealer) sealCollection(p place, column string, c *value.Collection) ([]byte, error) {
	text, err := encodeCollection(c)
	if err != nil {
		return nil, err
	}
	return s.seal(p, column, text)
}

// errSealed stands for secrets of a record that cannot be decrypted.
var errSealed = errors.New("its secrets cannot be decrypted; restore the keyset that belongs to the database")

// unseal decrypts a column of the row at p that the data key id has sealed.
func (s *database) unseal(ctx context.Context, id int64, p place, column string, sealed []byte) ([]byte, error) {
	key, err := s.dataKey(ctx, id)
	if err != nil {
		return nil, err
	}
	content, err := key.Decrypt(sealed, p.column(column))
	if err != nil {
		return nil, errSealed
	}
	return content, nil
}

func (s *database) unsealCollection(ctx context.Context, id int64, p place, column string, sealed []byte) (*value.Collection, error) {
	text, err := s.unseal(ctx, id, p, column, sealed)
	if err != nil {
		return nil, err
	}
	return decodeCollection(text)
}

// dataKey returns a data key, from memory if it can.
func (s *database) dataKey(ctx context.Context, id int64) (tink.AEAD, error) {
	s.seals.mu.Lock()
	key := s.seals.known[id]
	s.seals.mu.Unlock()
	if key != nil {
		return key, nil
	}
	var wrapped []byte
	if err := s.read.QueryRowContext(ctx, "select wrapped from data_key where id = ?", id).Scan(&wrapped); err != nil {
		return nil, notFound(err)
	}
	err := s.withKeys(ctx, func(k *keys) error {
		handle, err := k.kek.unwrap(wrapped, dataKeyPlace(id))
		if err != nil {
			return err
		}
		key, err = aead.New(handle)
		return err
	})
	if err != nil {
		return nil, errSealed
	}
	s.seals.mu.Lock()
	defer s.seals.mu.Unlock()
	s.seals.remember(id, key)
	return key, nil
}
