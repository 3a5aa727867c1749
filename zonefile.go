package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// zoneSettings returns the values of the key "zone" of a configuration file as
// flags have them. A zone is a text like the flag's, or a mapping:
//
//	zone:
//	  - bl.example.org
//	  - name: ssh.example.org
//	    categories: [ssh, scan]
//	    codes: {ssh: 13, scan: 14}
//	    txt: "{address} attacked us, see {contact}"
func zoneSettings(value any) (any, error) {
	zones, several := value.([]any)
	if !several {
		zones = []any{value}
	}
	texts := make([]any, len(zones))
	var faults []error
	for i, zone := range zones {
		texts[i] = zone
		if settings, ok := zone.(map[string]any); ok {
			text, err := zoneText(settings)
			if err != nil {
				faults = append(faults, fmt.Errorf("zone %d: %w", i+1, err))
			}
			texts[i] = text
		}
	}
	return texts, errors.Join(faults...)
}

// zoneText writes a zone's settings as a flag.
func zoneText(settings map[string]any) (string, error) {
	name, err := settingText(settings["name"])
	if err != nil || name == "" {
		return "", errors.New("has no name; write such as name: bl.example.org")
	}
	var text strings.Builder
	text.WriteString(name)
	var faults []error
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		if key == "name" {
			continue
		}
		value, err := settingText(settings[key])
		if err == nil && strings.Contains(value, `"`) {
			err = errors.New("has a quotation mark, which texts of DNS records here cannot have")
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %s: %w", name, key, err))
		}
		fmt.Fprintf(&text, `,%s="%s"`, key, value)
	}
	return text.String(), errors.Join(faults...)
}

// settingText writes a value as it stands in a flag: lists and mappings are
// joined by "+".
func settingText(value any) (string, error) {
	var parts []string
	switch value := value.(type) {
	case string:
		return value, nil
	case int, float64:
		return fmt.Sprint(value), nil
	case []any:
		for _, part := range value {
			text, err := settingText(part)
			if err != nil {
				return "", err
			}
			parts = append(parts, text)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			text, err := settingText(value[key])
			if err != nil {
				return "", err
			}
			parts = append(parts, key+":"+text)
		}
	default:
		return "", fmt.Errorf("%v: want a text, a number, a list or a mapping of them", value)
	}
	return strings.Join(parts, "+"), nil
}
