package main

import (
	"fmt"

	"penaltybox/parsers/rules"
)

// test tries files of rules by the samples that stand in them.
func (cmd *parseCommand) test(s *streams) error {
	if len(cmd.File) == 0 {
		return usagef("parse test wants a file of rules: parse test rules.yaml")
	}
	for _, name := range cmd.File {
		file, err := rules.Load(name, cmd.clock(s))
		if err != nil {
			return fmt.Errorf("testing rules:\n%w", err)
		}
		fmt.Fprintf(s.out, "%s: %d rules, %d samples, all as expected\n", name, file.Rules, file.Samples)
	}
	return nil
}
