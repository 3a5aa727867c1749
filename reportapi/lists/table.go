package lists

import "strings"

const (
	plainText = "text/plain; charset=utf-8"
	asciiText = "text/plain; charset=us-ascii"
)

// Formats returns all formats, the usual one first.
func Formats() []Format {
	return []Format{
		{Name: "plain", ContentType: plainText, Help: "an address or network a line", entry: around("", appendPlain, "\n"), changes: plainChanges()},
		{Name: "cidr", ContentType: plainText, Help: "the same, each with its length (Juniper)", entry: around("", appendCIDR, "\n")},
		{Name: "csv", suffix: "csv", ContentType: "text/csv; charset=utf-8; header=present", Help: "with points, reporters, end and categories", Tells: Ends | Categories | Scores, head: fixed("ip,points,reporters,expires,categories\n"), entry: appendCSV},
		{Name: "json", suffix: "json", ContentType: "application/json", Help: "an array with the same", Tells: Ends | Categories | Scores, head: fixed("["), separator: ",\n", entry: appendJSON, foot: fixed("]\n")},
		{Name: "ndjson", suffix: "ndjson", ContentType: "application/x-ndjson", Help: "the same, an object a line", Tells: Ends | Categories | Scores, entry: appendNDJSON, changes: ndjsonChanges()},
		nftables(),
		ipset(),
		{Name: "nginx-deny", ContentType: plainText, Help: "deny directives", entry: around("deny ", appendPlain, ";\n")},
		{Name: "nginx-geo", ContentType: plainText, Help: "the inside of a geo block", entry: around("", appendCIDR, " 1;\n")},
		{Name: "apache", ContentType: plainText, Help: "the inside of a RequireAll block", entry: around("Require not ip ", appendPlain, "\n")},
		{Name: "haproxy-acl", ContentType: plainText, Help: "for acl … src -f", entry: around("", appendPlain, "\n")},
		{Name: "haproxy-map", ContentType: plainText, Help: "for map_ip: what for", Tells: Categories, entry: appendHAProxyMap},
		{Name: "postfix-cidr", suffix: "cidr", ContentType: plainText, Help: "a cidr: table that rejects", entry: appendPostfix},
		mikrotik(),
		{Name: "f5", ContentType: plainText, Help: "a feed of F5's IP intelligence", Tells: Categories, entry: appendF5},
		masterFile(), rbldnsdFile(), responsePolicy(),
	}
}

// Named returns the format of a name; "" stands for the usual one.
func Named(name string) (Format, bool) {
	for _, format := range Formats() {
		if format.Name == name || name == "" {
			return format, true
		}
	}
	return Format{}, false
}

// NamedAsFile returns the format of a name with a suffix, for devices that take no
// address without: .txt does for all, and each has its own.
func NamedAsFile(file string) (Format, bool) {
	name, suffix, _ := strings.Cut(file, ".")
	format, known := Named(name)
	return format, known && name != "" && suffix != "" && (suffix == "txt" || suffix == format.suffix)
}

// Names returns the names of all formats.
func Names() []string {
	var names []string
	for _, format := range Formats() {
		names = append(names, format.Name)
	}
	return names
}

// Help tells of each format who reads it, a line each.
func Help() string {
	var b strings.Builder
	for _, format := range Formats() {
		b.WriteString("  " + format.Name + strings.Repeat(" ", max(1, 14-len(format.Name))) + format.Help + "\n")
	}
	return b.String()
}
