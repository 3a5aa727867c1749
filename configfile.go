package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// configFile gives flags their values from a YAML file whose keys are the
// flags' names. Flags of the command line and of the environment come first.
type configFile struct {
	values map[string]any
	getenv func(string) string
}

var _ kong.Resolver = (*configFile)(nil)

// loadConfig reads a configuration file for kong.
func loadConfig(getenv func(string) string) kong.ConfigurationLoader {
	return func(r io.Reader) (kong.Resolver, error) {
		file := &configFile{values: map[string]any{}, getenv: getenv}
		err := yaml.NewDecoder(r).Decode(&file.values)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("reading configuration: %w", err)
		}
		return file, nil
	}
}

// Validate implements kong.Resolver: it names every key that is no flag.
func (f *configFile) Validate(app *kong.Application) error {
	var known, unknown []string
	for _, command := range app.Children {
		if command.Name == "serve" {
			for _, flag := range command.Flags {
				known = append(known, flag.Name)
			}
		}
	}
	for key := range f.values {
		if !slices.Contains(known, key) {
			unknown = append(unknown, key)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	slices.Sort(known)
	return fmt.Errorf("configuration: unknown %s; known are %s", strings.Join(unknown, ", "), strings.Join(known, ", "))
}

// Resolve implements kong.Resolver.
func (f *configFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if f.getenv(name) != "" {
			return nil, nil
		}
	}
	value, ok := f.values[flag.Name]
	if !ok {
		return nil, nil
	}
	if flag.Name == "zone" {
		return zoneSettings(value)
	}
	switch value := value.(type) {
	case string, bool, []any:
		return value, nil
	case int, float64:
		return fmt.Sprint(value), nil
	}
	return nil, fmt.Errorf("%v: want a text, a number, true or false, or a list of texts", value)
}

// readSecret reads a secret that may stand in a file: the value itself, or the
// first line of the file.
func readSecret(value, file string) (string, error) {
	if value != "" || file == "" {
		return value, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading secret: %w", err)
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(content)), "\n")
	return line, nil
}
