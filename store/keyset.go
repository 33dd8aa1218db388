package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// keysetName is the file of the key-encryption keyset inside the folder of a store.
const keysetName = "keyset.json"

// maxKeyset bounds what is read as a keyset; one key takes about 300 bytes.
const maxKeyset = 1 << 20

// ErrKeyset means that the key-encryption keyset is missing, unreadable, or not the one
// with which the database was written.
var ErrKeyset = errors.New("no usable keyset")

// errNoFile means that there is no keyset file yet.
var errNoFile = fmt.Errorf("%s is missing: %w", keysetName, ErrKeyset)

// kek is the key-encryption keyset, ready for use. It never changes.
type kek struct {
	text   []byte // as read; tells whether the file has changed
	handle *keyset.Handle
	aead   tink.AEAD
}

// NextKeyset returns the keyset with a new AES-256-GCM key that wraps from now on; the
// keys of the old one stay for reading. With a nil old keyset it makes the first one.
// It is for those who keep the keyset elsewhere than in keyset.json (see Options.Keyset):
// replace theirs by the result, then call [Store.RotateKeys]. The result is secret.
func NextKeyset(old []byte) ([]byte, error) {
	manager := keyset.NewManager()
	if old != nil {
		k, err := parseKeyset(old)
		if err != nil {
			return nil, err
		}
		manager = keyset.NewManagerFromHandle(k.handle)
	}
	id, err := manager.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	if err := manager.SetPrimary(id); err != nil {
		return nil, err
	}
	handle, err := manager.Handle()
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&text)); err != nil {
		return nil, err
	}
	return append(text.Bytes(), '\n'), nil
}

// parseKeyset reads a keyset in Tink's JSON form. Errors of the parser are not passed
// on: they quote the text.
func parseKeyset(text []byte) (*kek, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		return nil, fmt.Errorf("the text is no Tink keyset in JSON: %w", ErrKeyset)
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("the keyset is not for AEAD: %w", ErrKeyset)
	}
	return &kek{text: text, handle: handle, aead: primitive}, nil
}

// keysetSource is where the keyset comes from: given in the options, or the file.
type keysetSource struct {
	path  string
	given []byte
	fixed bool // the file is not ours to make or to change
}

// name says where the keyset comes from, for messages.
func (s keysetSource) name() string {
	if s.given != nil {
		return "the given keyset"
	}
	return keysetName
}

// load returns the keyset, or errNoFile when the file is missing.
func (s keysetSource) load() (*kek, error) {
	if s.given != nil {
		return parseKeyset(s.given)
	}
	text, err := s.readFile()
	if err != nil {
		return nil, err
	}
	k, err := parseKeyset(text)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be used, restore it from a backup: %w", keysetName, err)
	}
	return k, nil
}

func (s keysetSource) readFile() ([]byte, error) {
	path := s.path
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		return nil, errNoFile
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read, repair its mode or restore it from a backup: %w: %w", keysetName, ErrKeyset, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s cannot be used, restore it from a backup: it is no file: %w", keysetName, ErrKeyset)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s can be read by other users (mode %04o), run: chmod 600 %s: %w", keysetName, mode, path, ErrKeyset)
	}
	return io.ReadAll(io.LimitReader(f, maxKeyset))
}

// create returns the keyset and makes the file when there is none. The caller holds the
// write lock of the database, so that no other process makes one at the same time.
func (s keysetSource) create() (*kek, error) {
	k, err := s.load()
	if !errors.Is(err, errNoFile) || s.fixed {
		return k, err
	}
	return s.save(nil)
}

// grow adds a key to the file and makes it the one that wraps. The caller holds the
// write lock of the database. A keyset that is not ours is returned as it is.
func (s keysetSource) grow() (*kek, error) {
	k, err := s.load()
	if err != nil || s.given != nil || s.fixed {
		return k, err
	}
	return s.save(k.text)
}

// save writes the successor of the keyset old to the file: whole or not at all, and on
// the disk before anything is encrypted with it.
func (s keysetSource) save(old []byte) (*kek, error) {
	text, err := NextKeyset(old)
	if err != nil {
		return nil, err
	}
	if err := replaceFile(s.path, text); err != nil {
		return nil, err
	}
	return parseKeyset(text)
}

// replaceFile puts a file of mode 0600 with the given content at path.
func replaceFile(path string, content []byte) error {
	temp := path + ".new"
	if err := os.Remove(temp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err // left behind by a crash
	}
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	if err := os.Rename(temp, path); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder puts the names in a folder on the disk. Windows has no such call.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
