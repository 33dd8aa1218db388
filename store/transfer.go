package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/cleat-run/cleat/connect"
)

// maxTransfer is the most that is read of an exported file, decrypted.
const maxTransfer = 64 << 20

// transferred is a connection in an exported file, one JSON object a line.
type transferred struct {
	Name     string           `json:"name"`
	App      string           `json:"app"`
	Root     string           `json:"root,omitempty"`
	Type     string           `json:"type"`
	Kind     connect.Kind     `json:"kind"`
	Data     json.RawMessage  `json:"data"`
	UID      string           `json:"uid,omitempty"`
	Metadata connect.Metadata `json:"metadata"`
	Scope    []string         `json:"scope,omitempty"`
	Expires  time.Time        `json:"expires"`
	Broken   string           `json:"broken,omitempty"`
	EndUser  string           `json:"end_user,omitempty"`
}

// Export writes connections with their secrets to w, encrypted to the recipients in the
// age format, as text. Nothing is written in the clear.
func Export(w io.Writer, records []*connect.Record, to ...age.Recipient) error {
	text := armor.NewWriter(w)
	sealed, err := age.Encrypt(text, to...)
	if err != nil {
		return err
	}
	lines := json.NewEncoder(sealed)
	for _, r := range records {
		data, err := encodeCollection(r.Data)
		if err != nil {
			return fmt.Errorf("connection %q: %w", r.Name, err)
		}
		if err := lines.Encode(transferred{r.Name, r.App, r.Root, r.Type, r.Kind, data, r.UID, r.Metadata, r.Scope, r.Expires, r.Broken, r.EndUser}); err != nil {
			return err
		}
	}
	return errors.Join(sealed.Close(), text.Close())
}

// What is wrong with an exported file. The causes are not passed on: they may quote it.
var (
	// ErrNoExport means that a file is not what [Export] wrote.
	ErrNoExport = errors.New("the file is no export of connections")
	// ErrDamaged means that it is, but not all of it is there as it was written.
	ErrDamaged = errors.New("the file is damaged or cut short")
	// ErrLocked means that it is encrypted to another passphrase or key.
	ErrLocked = errors.New("cannot open the file")
)

// maxWorkFactor bounds what a file may make us compute for its passphrase: 1 GiB of memory
// and a few seconds. [Export] takes a quarter of that.
const maxWorkFactor = 20

// Passphrase is the identity that opens what was exported to a passphrase.
func Passphrase(text string) (age.Identity, error) {
	i, err := age.NewScryptIdentity(text)
	if err != nil {
		return nil, err
	}
	i.SetMaxWorkFactor(maxWorkFactor)
	return i, nil
}

// Import reads what [Export] wrote: all of it, or it fails with [ErrNoExport],
// [ErrDamaged] or [ErrLocked]. The connections are new: they have no id. Whoever knows a
// recipient can have written them.
func Import(r io.Reader, with ...age.Identity) ([]*connect.Record, error) {
	opened, err := age.Decrypt(armor.NewReader(r), with...)
	if err != nil {
		return nil, unopened(err, with)
	}
	content, err := io.ReadAll(io.LimitReader(opened, maxTransfer+1))
	if err != nil {
		return nil, ErrDamaged
	}
	if len(content) > maxTransfer {
		return nil, fmt.Errorf("the file holds more than %d MiB: %w", maxTransfer>>20, ErrNoExport)
	}
	lines := json.NewDecoder(bytes.NewReader(content))
	lines.DisallowUnknownFields()
	var all []*connect.Record
	for {
		var t transferred
		err := lines.Decode(&t)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, ErrNoExport
		}
		record, err := t.record()
		if err != nil {
			return nil, ErrNoExport
		}
		all = append(all, record)
	}
}

// unopened says why age could not open a file.
func unopened(err error, with []age.Identity) error {
	var other *age.NoIdentityMatchError
	var text *armor.Error
	switch {
	case errors.As(err, &other):
		return fmt.Errorf("%w: %s", ErrLocked, mismatch(slices.Contains(other.StanzaTypes, "scrypt"), with))
	case errors.As(err, &text), strings.HasPrefix(err.Error(), "failed to read header"):
		return ErrNoExport
	}
	return ErrDamaged
}

// mismatch says what a file is encrypted to, seen from what it was to be opened with.
func mismatch(passphrase bool, with []age.Identity) string {
	_, tried := with[0].(*age.ScryptIdentity)
	switch {
	case passphrase && tried:
		return "the passphrase is wrong"
	case passphrase:
		return "it is encrypted to a passphrase"
	case tried:
		return "it is encrypted to a key, not to a passphrase"
	}
	return "it is encrypted to another key"
}

// record refuses what no connection can be.
func (t *transferred) record() (*connect.Record, error) {
	known := slices.Contains([]connect.Kind{connect.Basic, connect.OAuth1, connect.OAuth2}, t.Kind)
	data, err := decodeCollection(t.Data)
	if err != nil || t.Name == "" || t.App == "" || t.Type == "" || !known {
		return nil, ErrNoExport
	}
	return &connect.Record{Name: t.Name, App: t.App, Root: t.Root, Type: t.Type, Kind: t.Kind, Data: data,
		UID: t.UID, Metadata: t.Metadata, Scope: t.Scope, Expires: t.Expires, Broken: t.Broken, EndUser: t.EndUser}, nil
}
