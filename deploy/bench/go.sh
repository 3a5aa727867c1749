#!/usr/bin/env bash
# The benchmarks of the Go packages, as deploy/benchmarks.md shows them.
#
#   deploy/bench/go.sh [BENCHTIME]
#
# It needs redis-server. Run it on a machine that does nothing else; the load
# average at the start is printed with the results.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly BENCHTIME=${1:-2s}

printf '# %s, %s CPUs, %s, load %s\n' "$(go version)" "$(nproc)" "$(uname -sr)" "$(cut -d' ' -f1 /proc/loadavg)"
for package in ./scoring ./scoring/boltledger ./scoring/redisledger ./dnsbl ./parsers/... .; do
	go test -tags nomsgpack -run '^$' -bench . -benchtime "$BENCHTIME" -timeout 30m "$package" |
		grep -E '^(Benchmark|pkg:|FAIL|panic)' || true
done
