package boltledger

import (
	"strconv"

	bolt "go.etcd.io/bbolt"
)

// Schema is the version that this program writes.
const Schema = schema

// SetSchema makes a closed file what a version would have left behind. Rows of
// schema 0 had no detail.
func SetSchema(path string, version int) error {
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Update(func(tx *bolt.Tx) error {
		if version == 0 {
			if err := bareRows(tx.Bucket(bucketLog)); err != nil {
				return err
			}
		}
		return tx.Bucket(bucketMeta).Put(keySchema, []byte(strconv.Itoa(version)))
	})
}

func bareRows(log *bolt.Bucket) error {
	bare := map[string][]byte{}
	err := log.ForEach(func(k, row []byte) error {
		key := keyPart(row)
		counted := row[1+len(key):][:24]
		bare[string(k)] = append(append([]byte{rowFormatBare}, key...), counted...)
		return nil
	})
	for k, row := range bare {
		if err == nil {
			err = log.Put([]byte(k), row)
		}
	}
	return err
}
