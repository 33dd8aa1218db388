package store

import (
	"bytes"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// place is the version of a row in which ciphertexts stand.
type place struct {
	team    int64
	table   string
	row     string
	version int64
}

// column returns the associated data of the ciphertext in a column of p. Table and
// column are names of ours and a row is a number or quoted, so that no two places give
// the same text. The first team is not named: its records are older than teams.
func (p place) column(name string) []byte {
	if p.team > firstTeam {
		return fmt.Appendf(nil, "cleat|%d|%s|%s|%s|%d", p.team, p.table, p.row, name, p.version)
	}
	return fmt.Appendf(nil, "cleat|%s|%s|%s|%d", p.table, p.row, name, p.version)
}

// dataKey seals the columns of one version of one row.
type dataKey struct {
	aead  tink.AEAD
	place place
}

// newDataKey makes a data key for the row at p and returns it also in its wrapped form.
func (k *kek) newDataKey(p place) (dataKey, []byte, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return dataKey{}, nil, err
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return dataKey{}, nil, err
	}
	wrapped, err := k.wrap(handle, p)
	return dataKey{primitive, p}, wrapped, err
}

// openDataKey returns the data key of the row at p from its wrapped form.
func (k *kek) openDataKey(p place, wrapped []byte) (dataKey, error) {
	handle, err := k.unwrap(wrapped, p)
	if err != nil {
		return dataKey{}, err
	}
	primitive, err := aead.New(handle)
	return dataKey{primitive, p}, err
}

func (k *kek) wrap(handle *keyset.Handle, p place) ([]byte, error) {
	var wrapped bytes.Buffer
	err := handle.WriteWithAssociatedData(keyset.NewBinaryWriter(&wrapped), k.aead, p.column("data_key"))
	return wrapped.Bytes(), err
}

func (k *kek) unwrap(wrapped []byte, p place) (*keyset.Handle, error) {
	return keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(wrapped)), k.aead, p.column("data_key"))
}

// seal encrypts the content of a column.
func (d dataKey) seal(column string, content []byte) ([]byte, error) {
	return d.aead.Encrypt(content, d.place.column(column))
}

// open decrypts the content of a column.
func (d dataKey) open(column string, sealed []byte) ([]byte, error) {
	return d.aead.Decrypt(sealed, d.place.column(column))
}
