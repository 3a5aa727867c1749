package rules_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"penaltybox/parsers/event"
	"penaltybox/parsers/internal/sampletest"
	"penaltybox/parsers/rules"
)

// table writes a file with a rule per message, and its samples: each message
// with harmless words.
func table(messages []string) string {
	var rows []map[string]any
	for i, message := range messages {
		rows = append(rows, map[string]any{
			"kind": "web.login", "tier": []string{"hard", "medium"}[i%2], "message": message,
			"match":  []map[string]string{{"line": header + fill(message, nil), "addr": sampletest.Client}},
			"ignore": []string{"nothing"},
		})
	}
	text, err := yaml.Marshal(map[string]any{"recognisers": []any{map[string]any{"name": "shop", "programs": []string{"shopd"}, "rules": rows}}})
	if err != nil {
		panic(err) // there is nothing in it that YAML cannot hold
	}
	return string(text)
}

const header = "Nov 22 10:00:00 web1 shopd[7]: "

// fill writes a message as a daemon does for [sampletest.Client]; words are the
// client's own, in their order, and "w" when they are used up.
func fill(message string, words []string) string {
	next := func(string) string {
		if len(words) == 0 {
			return "w"
		}
		first := words[0]
		words = words[1:]
		return first
	}
	var out strings.Builder
	for message != "" {
		at := strings.IndexByte(message, '<')
		if at < 0 {
			break
		}
		out.WriteString(message[:at])
		message = message[at:]
		switch {
		case cut(&message, "<addr>"):
			out.WriteString(sampletest.Client)
		case cut(&message, "<number>"):
			out.WriteString("41866")
		case cut(&message, "<word>"):
			out.WriteString("203.0.113.7") // a name may look like an address
		case cut(&message, "<any>"), cut(&message, "<note>"):
			out.WriteString(next(""))
		default:
			out.WriteByte('<')
			message = message[1:]
		}
	}
	return out.String() + message
}

func cut(text *string, prefix string) bool {
	rest, ok := strings.CutPrefix(*text, prefix)
	if ok {
		*text = rest
	}
	return ok
}

// frames tells whom the rules of a file name who did not write the lines: each
// of its messages, with words of the client's.
func frames(tb fatal, messages, words []string) string {
	file, err := rules.Parse("own.yaml", []byte(table(messages)), now)
	if err != nil {
		return ""
	}
	client := netip.MustParseAddr(sampletest.Client)
	for _, service := range file.Services {
		for _, tier := range []event.Tier{event.Hard, event.Soft} {
			asked := setting(tb)
			asked.Tier = tier
			recogniser := service.New(asked)
			for _, message := range messages {
				line := header + fill(message, words)
				if match, outcome := recogniser.Recognise([]byte(line)); outcome == event.Recognised && match.Addr != client {
					return fmt.Sprintf("%q\nof %q\nnames %s", line, messages, match.Addr)
				}
			}
		}
	}
	return ""
}

// drawMessage draws what an author might write who has not read the README:
// text and placeholders in turn around <addr>.
func drawMessage(t *rapid.T) string {
	text := rapid.SampledFrom([]string{" from ", " for ", ": ", " - ", ", ", " [", "] ", " in ", ":", ".", "-", "1", "a", "", "]"})
	changing := rapid.SampledFrom([]string{"<any>", "<note>", "<number>", "<word>"})
	turns := func(label string) string {
		var side strings.Builder
		for range rapid.IntRange(0, 2).Draw(t, label) {
			side.WriteString(changing.Draw(t, label))
			side.WriteString(text.Draw(t, label))
		}
		return side.String()
	}
	lead := rapid.SampledFrom([]string{"login from ", "login from ", "login from ", "failed: ", "", "mess", "message repeated 2 times: [ "}).Draw(t, "lead")
	return strings.TrimSpace(lead + turns("front") + "<addr>" + text.Draw(t, "behind") + turns("tail"))
}

// drawWords draws a client's words: best a whole message about somebody else,
// or a part of one.
func drawWords(t *rapid.T, messages []string) string {
	about := rapid.Map(rapid.SampledFrom(messages), func(message string) string {
		return strings.ReplaceAll(fill(message, nil), sampletest.Client, sampletest.Innocent)
	})
	part := rapid.Custom(func(t *rapid.T) string {
		whole := about.Draw(t, "message")
		return whole[rapid.IntRange(0, len(whole)).Draw(t, "from"):]
	})
	piece := rapid.OneOf(about, part, rapid.SampledFrom([]string{sampletest.Innocent, "x", "", ": ", "]", "message repeated 2 times: [ ", "age repeated 2 times: [ ", "203.0.11"}))
	return strings.Join(rapid.SliceOfN(piece, 1, 3).Draw(t, "words"), "")
}

// Whatever messages a file describes, and whatever a client says, nobody else
// is named.
func TestRecogniser_forgedWords(t *testing.T) {
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		// Those that are taken by themselves, so that tables of several are.
		var good []string
		for range 10 {
			message := drawMessage(t)
			if _, err := rules.Parse("own.yaml", []byte(table([]string{message})), now); err == nil && !slices.Contains(good, message) {
				good = append(good, message)
			}
		}
		if len(good) == 0 {
			return
		}
		taken++
		if told := frames(t, good, []string{drawWords(t, good), drawWords(t, good)}); told != "" {
			t.Fatal(told)
		}
	})
	if taken == 0 {
		t.Error("no random message was taken")
	}
}

// No file, whatever is in it, makes the parser panic or name an address that
// stands only in the client's words.
func FuzzParse(f *testing.F) {
	f.Add([]byte(own("failed for <note> from <addr>", "failed for x from 203.0.113.66", "x")), "failed for <any> from <addr>", "login from <addr>: <any>", []byte("x from 203.0.113.7"))
	f.Add([]byte("a: &a [*a]\n"), "failed for <any>, <note> from [<addr>]:<number>.", "user <word> at <addr>. <any>", []byte("] from [203.0.113.7]:22."))
	f.Add([]byte("paths: [{path: /, at: anywhere}]\n"), "mess<any><addr>", "<addr> failed", []byte("message repeated 2 times: [ failed for x from 203.0.113.7]"))
	f.Fuzz(func(t *testing.T, file []byte, first, second string, words []byte) {
		if _, err := rules.Parse("own.yaml", file, now); err != nil && err.Error() == "" {
			t.Fatal("an error says nothing")
		}
		words = bytes.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return '?'
			}
			return r
		}, words)
		for _, messages := range [][]string{{first}, {second}, {first, second}} {
			if told := frames(t, messages, []string{string(words), string(words)}); told != "" {
				t.Fatal(told)
			}
		}
	})
}

// A rule of a file withstands what the built-in ones do.
func FuzzRecogniser(f *testing.F) {
	service, err := load(f, own("failed for <note> from <addr>", "failed for x from 203.0.113.66", "x")).Find("shop")
	if err != nil {
		f.Fatal(err)
	}
	asked := setting(f)
	sampletest.Forge(f, func() sampletest.Recogniser { return service.New(asked) }, header+"failed for {} from 192.0.2.66")
}
