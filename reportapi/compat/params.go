package compat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring/intake"
)

const (
	maxParams = 100       // in one request
	maxQuery  = 100 << 10 // bytes; the server's bound on headers is less
)

// Params are the parameters of a request, wherever the client put them: in the
// query of the URL (also that of a POST with an empty body), in a form, in a
// form of several parts, whose files are parameters too, or in a JSON object.
// What is sent again replaces what came before, and the body the query.
// Parameters named as lists (ip[]=…, a JSON array) are one, with commas
// between; how many a form's ip[] are stands under that name.
type Params map[string]string

// ReadParams reads the parameters of a request whose body has at most most
// bytes. It fails with a [*Fault], or with what reading the body failed with; the
// query's are then there all the same, because they may say how to answer.
func ReadParams(c *gin.Context, house House, most int64) (Params, error) {
	p := Params{}
	if err := p.addForm(c.Request.URL.RawQuery); err != nil {
		return nil, err
	}
	r, err := house.Body(c, most)
	if err != nil {
		return p, err
	}
	mediaType, options, err := mediaTypeOf(c.GetHeader("Content-Type"))
	if err != nil {
		return p, err
	}
	body := Params{}
	if mediaType == "multipart/form-data" {
		err = body.addParts(multipart.NewReader(r, options["boundary"]))
	} else {
		err = body.addText(r, mediaType)
	}
	if err != nil {
		return p, err
	}
	for name, value := range body {
		p[name] = value
	}
	return p, nil
}

// Get returns a parameter without the white space around it; "" if it was not
// sent.
func (p Params) Get(name string) string { return strings.TrimSpace(p[name]) }

// Flag tells whether a switch is on: sent, and not as false or 0.
func (p Params) Flag(name string) bool {
	value, sent := p[name]
	return sent && value != "0" && !strings.EqualFold(value, "false")
}

func mediaTypeOf(contentType string) (string, map[string]string, error) {
	if contentType == "" {
		return "", nil, nil
	}
	mediaType, options, err := mime.ParseMediaType(contentType)
	if err != nil || mediaType == "multipart/form-data" && options["boundary"] == "" {
		return "", nil, &Fault{Status: http.StatusUnsupportedMediaType, Detail: fmt.Sprintf("content type %s: cannot be read; send a form", Quote(contentType))}
	}
	return mediaType, options, nil
}

// addText reads a body that is one form or one JSON object. Clients that name
// no type, or a form's because curl does so by default, send either.
func (p Params) addText(r io.Reader, mediaType string) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	text = bytes.TrimSpace(text)
	isForm := mediaType == "" || mediaType == "application/x-www-form-urlencoded"
	switch {
	case len(text) == 0:
		return nil
	case mediaType == "application/json", isForm && text[0] == '{':
		return p.addJSON(text)
	case isForm:
		return p.addForm(string(text))
	}
	return &Fault{Status: http.StatusUnsupportedMediaType, Detail: fmt.Sprintf("content type %s: not taken here; send a form, or application/json", Quote(mediaType))}
}

// addForm reads application/x-www-form-urlencoded. Only what cannot be decoded
// is refused: clients send addresses and lists as they are.
func (p Params) addForm(text string) error {
	if len(text) > maxQuery {
		return &Fault{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("the form is longer than %d bytes", maxQuery)}
	}
	fresh := Params{}
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		name, sent, _ := strings.Cut(pair, "=")
		name, errName := url.QueryUnescape(name)
		value, errValue := url.QueryUnescape(sent)
		if errName == nil && errValue != nil && intake.Placeholder(sent) { // %(ip)s is no escape
			return &Fault{Status: http.StatusUnprocessableEntity, Parameter: cut(name), Detail: Quote(sent) + " is what the client should have put a value in the place of"}
		}
		if err := errors.Join(errName, errValue); err != nil {
			return &Fault{Status: http.StatusUnprocessableEntity, Parameter: cut(name), Detail: "is not encoded as a form (" + err.Error() + "); let curl do it: --data-urlencode"}
		}
		if err := fresh.add(name, value); err != nil {
			return err
		}
	}
	for name, value := range fresh {
		p[name] = value
	}
	return nil
}

// add adds a parameter; name[] and name[0] are elements of a list.
func (p Params) add(name, value string) error {
	list, _, isList := strings.Cut(name, "[")
	if isList && list != "" && strings.HasSuffix(name, "]") {
		count, _ := strconv.Atoi(p[list+"[]"]) // 0 before the first
		if count > 0 {
			value = p[list] + "," + value
		}
		p[list+"[]"], name = strconv.Itoa(count+1), list
	}
	if _, sent := p[name]; !sent && len(p) == maxParams {
		return &Fault{Status: http.StatusUnprocessableEntity, Detail: fmt.Sprintf("there are more than %d parameters", maxParams)}
	}
	p[name] = value
	return nil
}

// addParts reads multipart/form-data (RFC 7578).
func (p Params) addParts(parts *multipart.Reader) error {
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return brokenParts(err)
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return brokenParts(err)
		}
		if err := p.add(part.FormName(), string(value)); err != nil {
			return err
		}
	}
}

// brokenParts tells a broken form from a body that could not be read.
func brokenParts(err error) error {
	if fault := FaultOf(err); fault.Status != http.StatusBadRequest {
		return fault
	}
	return &Fault{Status: http.StatusBadRequest, Detail: "the form of several parts is broken, or was cut off; let curl write it: -F csv=@FILE"}
}

func (p Params) addJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var object map[string]any
	err := decoder.Decode(&object)
	if err == nil && object != nil {
		_, err = decoder.Token()
	}
	if object == nil || !errors.Is(err, io.EOF) {
		return &Fault{Status: http.StatusBadRequest, Detail: "the body is no JSON object; let a program write it, such as jq"}
	}
	for name, value := range object {
		text, ok := plain(value)
		if !ok {
			return &Fault{Status: http.StatusUnprocessableEntity, Parameter: cut(name), Detail: "is neither a text, a number nor a list of them"}
		}
		if err := p.add(name, text); err != nil {
			return err
		}
	}
	return nil
}

// plain writes a JSON value as a form would have it.
func plain(value any) (string, bool) {
	switch v := value.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return fmt.Sprint(v), true
	case []any:
		var texts []string
		for _, element := range v {
			text, ok := plain(element)
			if _, nested := element.([]any); nested || !ok {
				return "", false
			}
			texts = append(texts, text)
		}
		return strings.Join(texts, ","), true
	}
	return "", false
}

// cut shortens a parameter's name that is told back.
func cut(name string) string {
	const most = 80
	return strings.ToValidUTF8(name[:min(len(name), most)], "")
}
