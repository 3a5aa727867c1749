package protect

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"time"
)

// mispReader reads a warning list as MISP publishes them: an object with name,
// version (a day as a number), type and list. It goes token by token, so that a
// fault can be told by its line, and what is not a list of texts is not held.
type mispReader struct {
	text    []byte
	decoder *json.Decoder
	members *members
	list    List
	line    int   // at offset
	offset  int64 // up to which lines were counted
	listed  bool
	lost    bool // within something that is not what was expected
}

func readMISP(text []byte, m *members) (List, error) {
	r := &mispReader{text: text, decoder: json.NewDecoder(bytes.NewReader(text)), members: m, line: 1}
	r.decoder.UseNumber()
	if err := r.read(); err != nil {
		return List{}, r.broken(err)
	}
	if !r.listed && len(m.faults) == 0 {
		return List{}, errors.New(`list: the JSON object has no "list"; want a MISP warning list, or one prefix a line`)
	}
	return r.list, nil
}

func (r *mispReader) read() error {
	token, err := r.decoder.Token()
	if err != nil {
		return err
	}
	if token != json.Delim('{') {
		r.members.fault(r.at(), "", `is no JSON object; want a MISP warning list: {"name":…,"type":"cidr","list":[…]}`)
		return nil
	}
	for r.decoder.More() {
		if token, err = r.decoder.Token(); err != nil {
			return err
		}
		if err := r.member(token.(string)); err != nil || r.lost || r.members.full() {
			return err
		}
	}
	if _, err = r.decoder.Token(); err != nil {
		return err
	}
	if _, err = r.decoder.Token(); !errors.Is(err, io.EOF) {
		r.members.fault(r.at(), "", "something follows the JSON object")
	}
	return nil
}

// member reads one member of the object; those that say nothing of use are
// passed over.
func (r *mispReader) member(name string) error {
	if name == "list" {
		if r.listed {
			r.members.fault(r.at(), "", `"list" is given twice`)
		}
		r.listed = true
		return r.prefixes()
	}
	var value json.RawMessage
	if err := r.decoder.Decode(&value); err != nil {
		return err
	}
	text := string(value)
	if unquoted := ""; json.Unmarshal(value, &unquoted) == nil {
		text = unquoted
	}
	switch name {
	case "name":
		r.list.Title = clean(text)
	case "version":
		if number, err := strconv.ParseInt(text, 10, 64); err == nil && number > 19700101 && number < 21050101 {
			r.list.Date, _ = time.Parse("20060102", text)
		}
	case "type":
		if text != "cidr" && text != "string" {
			r.members.fault(r.at(), text, "is no type of addresses; want cidr")
		}
	}
	return nil
}

func (r *mispReader) prefixes() error {
	token, err := r.decoder.Token()
	if err != nil {
		return err
	}
	if token != json.Delim('[') {
		r.members.fault(r.at(), "", `"list" is no JSON array`)
		r.lost = true
		return nil
	}
	for r.decoder.More() && !r.members.full() {
		if token, err = r.decoder.Token(); err != nil {
			return err
		}
		text, ok := token.(string)
		if !ok {
			r.members.fault(r.at(), "", "stands in the list; want a text such as \"203.0.113.0/24\"")
			r.lost = true
			return nil
		}
		r.members.add(r.at(), text, time.Time{}, "")
	}
	if r.members.full() {
		return nil
	}
	_, err = r.decoder.Token()
	return err
}

// at returns the line that the decoder has come to.
func (r *mispReader) at() int {
	offset := min(r.decoder.InputOffset(), int64(len(r.text)))
	r.line += bytes.Count(r.text[r.offset:offset], []byte("\n"))
	r.offset = offset
	return r.line
}

// broken says where JSON stops being JSON: behind the last token that was read.
func (r *mispReader) broken(err error) error {
	line := r.at()
	rest := r.text[r.offset:]
	next := bytes.TrimLeft(rest, ", :\t\r\n")
	line += bytes.Count(rest[:len(rest)-len(next)], []byte("\n"))
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok && len(next) > 0 {
		return Faults{{line, "", "broken JSON: " + syntax.Error()}}
	}
	return Faults{{line, "", "broken JSON: it ends in the middle; was it cut?"}}
}
