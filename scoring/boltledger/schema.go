package boltledger

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	bolt "go.etcd.io/bbolt"

	"penaltybox/scoring"
)

// The buckets of the file.
//
//	meta     "schema" → version as decimal text, "ledger" → the ledger's random id
//	log      commit sequence (8 bytes, big endian) → incident (encoding.go)
//	amend    incident key (encoding.go) → overlay, kept as long as the incident
//	control  record key → version (8 bytes, big endian), then the value
//	audit    unix milliseconds and sequence (8 bytes each, big endian) → event as
//	         JSON; made by the first event
var (
	bucketMeta    = []byte("meta")
	bucketLog     = []byte("log")
	bucketAmend   = []byte("amend")
	bucketControl = []byte("control")
	bucketAudit   = []byte("audit")

	keySchema = []byte("schema")
	keyLedger = []byte("ledger")
)

// schema is the version that this program writes. Older ones:
//
//	0  before the first release: rows of format 0, which have no detail.
//	   Rows carry their format, so they stay as they are and are read as such.
const schema = 1

// prepareSchema makes the buckets on the first start, and brings an older file
// up to date after a copy of it was made beside it.
func (l *Ledger) prepareSchema() error {
	found, err := l.readSchema()
	if err != nil {
		return err
	}
	if found < schema {
		if err := l.copyBefore(found); err != nil {
			return err
		}
	}
	if found != schema {
		if err := l.db.Update(writeSchema); err != nil {
			return fmt.Errorf("writing schema %d: %w", schema, err)
		}
	}
	return l.db.View(func(tx *bolt.Tx) error {
		l.id = string(tx.Bucket(bucketMeta).Get(keyLedger))
		return nil
	})
}

// schemaNone is what readSchema finds in a file that was just created.
const schemaNone = schema + 1

// readSchema returns the version of the file, at most schema, or schemaNone.
func (l *Ledger) readSchema() (found int, err error) {
	err = l.db.View(func(tx *bolt.Tx) error {
		if name, _ := tx.Cursor().First(); name == nil {
			found = schemaNone
			return nil
		}
		meta := tx.Bucket(bucketMeta)
		if meta == nil || tx.Bucket(bucketLog) == nil || tx.Bucket(bucketAmend) == nil || tx.Bucket(bucketControl) == nil {
			return fmt.Errorf("%w: the file is another program's; choose another path", scoring.ErrSchema)
		}
		text := string(meta.Get(keySchema))
		found, err = strconv.Atoi(text)
		switch {
		case err != nil || found < 0 || len(meta.Get(keyLedger)) == 0:
			return fmt.Errorf("%w: schema %q is no version; restore a backup", scoring.ErrSchema, text)
		case found > schema:
			return fmt.Errorf("%w: the file has schema %d, this version of penaltybox reads up to %d; run the newer version, or restore a backup from before the upgrade", scoring.ErrSchema, found, schema)
		}
		return nil
	})
	return found, err
}

// writeSchema marks the file as of this version, and completes what a new one
// lacks.
func writeSchema(tx *bolt.Tx) error {
	for _, name := range [][]byte{bucketMeta, bucketLog, bucketAmend, bucketControl} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	meta := tx.Bucket(bucketMeta)
	if meta.Get(keyLedger) == nil {
		if err := meta.Put(keyLedger, []byte(rand.Text())); err != nil {
			return err
		}
	}
	return meta.Put(keySchema, []byte(strconv.Itoa(schema)))
}

// copyBefore copies the file to PATH.schemaN, unless an earlier try did.
func (l *Ledger) copyBefore(found int) error {
	target := l.path + ".schema" + strconv.Itoa(found)
	if _, err := os.Stat(target); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	partial := target + ".partial"
	err := l.db.View(func(tx *bolt.Tx) error { return tx.CopyFile(partial, 0o600) })
	if err == nil {
		err = os.Rename(partial, target)
	}
	if err != nil {
		return fmt.Errorf("copying the ledger before its upgrade from schema %d to %d: %w", found, schema, err)
	}
	l.logger.Info("ledger upgraded", "path", l.path, "from_schema", found, "to_schema", schema, "copy", target)
	return nil
}

func sequenceKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

func sequence(key []byte) uint64 { return binary.BigEndian.Uint64(key) }
