package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
		if err := lines.Encode(transferred{r.Name, r.App, r.Root, r.Type, r.Kind, data, r.UID, r.Metadata, r.Scope, r.Expires, r.Broken}); err != nil {
			return err
		}
	}
	return errors.Join(sealed.Close(), text.Close())
}

// errTransfer means that a file is not what [Export] wrote. The cause is not passed on:
// it may quote secrets.
var errTransfer = errors.New("the file is no export of connections")

// Import reads what [Export] wrote. The connections are new: they have no id.
func Import(r io.Reader, with ...age.Identity) ([]*connect.Record, error) {
	opened, err := age.Decrypt(armor.NewReader(r), with...)
	if err != nil {
		return nil, err
	}
	lines := json.NewDecoder(io.LimitReader(opened, maxTransfer))
	var all []*connect.Record
	for {
		var t transferred
		err := lines.Decode(&t)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, errTransfer
		}
		data, err := decodeCollection(t.Data)
		if err != nil || t.Name == "" {
			return nil, errTransfer
		}
		all = append(all, &connect.Record{Name: t.Name, App: t.App, Root: t.Root, Type: t.Type, Kind: t.Kind, Data: data,
			UID: t.UID, Metadata: t.Metadata, Scope: t.Scope, Expires: t.Expires, Broken: t.Broken})
	}
}
