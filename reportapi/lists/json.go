package lists

import (
	"strconv"
	"time"
)

// appendJSON writes an object. Nothing in it needs escaping.
func appendJSON(dst []byte, e Entry, _ Head) []byte {
	dst = appendJSONPrefix(append(dst, '{'), e)
	dst = strconv.AppendInt(append(dst, `,"score":`...), int64(e.Score), 10)
	dst = strconv.AppendInt(append(dst, `,"reporters":`...), int64(e.Reporters), 10)
	if e.Members > 0 {
		dst = strconv.AppendInt(append(dst, `,"members":`...), int64(e.Members), 10)
	}
	return append(appendJSONVerdict(dst, e), '}')
}

func appendNDJSON(dst []byte, e Entry, h Head) []byte { return append(appendJSON(dst, e, h), '\n') }

// appendJSONPrefix writes a field ip, or prefix if it is no single address.
func appendJSONPrefix(dst []byte, e Entry) []byte {
	name := `"prefix":"`
	if e.Prefix.IsSingleIP() {
		name = `"ip":"`
	}
	return append(appendPlain(append(dst, name...), e.Prefix), '"')
}

// appendJSONVerdict writes what for and until when.
func appendJSONVerdict(dst []byte, e Entry) []byte {
	dst = append(dst, `,"categories":[`...)
	for i, category := range e.Categories {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), harmless(category)...), '"')
	}
	dst = e.Until.UTC().AppendFormat(append(dst, `],"until":"`...), time.RFC3339)
	return append(dst, '"')
}
