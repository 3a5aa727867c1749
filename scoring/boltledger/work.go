package boltledger

import (
	bolt "go.etcd.io/bbolt"

	"penaltybox/scoring"
)

// work is one transaction in the making: what it changes in the file, and what
// is to be told once that is committed.
type work struct {
	ledger              *Ledger
	tx                  *bolt.Tx
	log, amend, control *bolt.Bucket

	changed bool
	fault   error // the file could not be changed; ends the transaction

	recorded  map[string]uint64 // keys of this transaction → sequence
	removed   map[uint64][]byte // sequences of this transaction → keys
	entries   []scoring.Entry   // changed, for the sink
	forgotten []scoring.Key     // erased, for the sink
	controls  []scoring.ControlRecord
}

func newWork(l *Ledger, tx *bolt.Tx) *work {
	w := &work{
		ledger:   l,
		tx:       tx,
		log:      tx.Bucket(bucketLog),
		amend:    tx.Bucket(bucketAmend),
		control:  tx.Bucket(bucketControl),
		recorded: map[string]uint64{},
		removed:  map[uint64][]byte{},
	}
	w.log.FillPercent = 1 // rows are appended and never grow
	return w
}

// put writes a value; it must not change before the transaction ends.
func (w *work) put(bucket *bolt.Bucket, key, value []byte) {
	w.changed = true
	if w.fault == nil {
		w.fault = bucket.Put(key, value)
	}
}

func (w *work) delete(bucket *bolt.Bucket, key []byte) {
	w.changed = true
	if w.fault == nil {
		w.fault = bucket.Delete(key)
	}
}

// find returns the row of a key, with its place in the log.
func (w *work) find(key []byte) (seq, row []byte) {
	n, found := w.recorded[string(key)]
	if !found {
		n, found = w.ledger.index.find(key, func(n uint64) bool { return hasKey(w.log.Get(sequenceKey(n)), key) })
	}
	if !found {
		return nil, nil
	}
	seq = sequenceKey(n)
	return seq, w.log.Get(seq)
}

// append writes a row at the end of the log.
func (w *work) append(key, row []byte, entry scoring.Entry) {
	seq, err := w.log.NextSequence()
	if err != nil {
		w.fault = err
		return
	}
	w.put(w.log, sequenceKey(seq), row)
	w.recorded[string(key)] = seq
	w.ledger.crowd.addLive(key, entry.KeepUntil())
	w.tell(entry)
}

// tell keeps an entry for the sink, if there is one.
func (w *work) tell(entry scoring.Entry) {
	if w.ledger.sink != nil {
		w.entries = append(w.entries, entry.WithoutNotes())
	}
}

// settle tells what is now in the file: the index, then the sink.
func (w *work) settle() {
	// What was purged may have been recorded anew in the same transaction.
	for seq, key := range w.removed {
		w.ledger.index.remove(key, seq)
		w.ledger.crowd.remove(key)
	}
	for key, seq := range w.recorded {
		w.ledger.index.add([]byte(key), seq)
	}
	sink := w.ledger.sink
	if sink == nil {
		return
	}
	if len(w.forgotten) > 0 {
		sink.Forget(w.forgotten...)
	}
	if len(w.entries) > 0 {
		sink.Apply(w.entries...)
	}
	if len(w.controls) > 0 {
		sink.Control(false, w.controls...)
	}
}

// abandon forgets what the transaction would have changed.
func (w *work) abandon() {
	for key := range w.recorded {
		w.ledger.crowd.remove([]byte(key))
	}
}
