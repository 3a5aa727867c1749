package watch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"penaltybox/parsers/follow"
)

// checkpoint is where reading one log stands.
type checkpoint struct {
	Log      string           `json:"log"` // for people
	Position *follow.Position `json:"position,omitempty"`
	Cursor   string           `json:"cursor,omitempty"` // of the journal
	Parser   json.RawMessage  `json:"parser"`
}

// load reads a checkpoint; there is none of a log that was never seen.
func load(path string) (c checkpoint, found bool, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return checkpoint{}, false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		return checkpoint{}, false, fmt.Errorf("reading the checkpoint %s: %w", path, err)
	}
	return c, true, nil
}

// save replaces a checkpoint, whole or not at all.
func (c checkpoint) save(path string) error {
	text, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("saving where reading stands: %w", err)
	}
	if err := replaceFile(path, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("saving where reading stands: %w", err)
	}
	return nil
}

// replaceFile writes a file and renames it into place.
func replaceFile(path string, content []byte, mode os.FileMode) (err error) {
	temporary := path + ".new"
	file, err := os.OpenFile(temporary, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return os.Rename(temporary, filepath.Clean(path))
}
