#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# bench_pair: its options, and the counts that noise cannot touch: a 60-byte
# packet through driver and model is at most 400 instructions, and one of 1514
# bytes, zero-copy, no dearer than 1.3 times that.

# shellcheck source=test/bench/common
. "$(dirname -- "$0")/common"
bench=${bench%/*}/bench_pair

topic "help and usage"
run --help
status_is 0
says 'usage: bench_pair'
for option in --runs=0 --packets=x --nonsense --cell=none word; do
	run "$option"
	status_is 2
	[ "$(wc -l <"$tmp/err")" = 1 ] || wrong "$option: not one line"
done
run -runs 3
status_is 2
grep -q '^bench_pair: -runs: unknown option; write --runs' "$tmp/err" ||
    wrong "-runs: $(cat "$tmp/err")"

topic "a file that cannot be written"
run --no-count --runs 1 --packets 1000 --json /nonexistent/file
status_is 1
grep -q /nonexistent/file "$tmp/err" || wrong "the file is not named"

topic "the cells"
run --runs 1 --packets 20000 --json "$tmp/json.new"
status_is 0
mv "$tmp/json.new" "$tmp/json"
json '.cells | length == 12'
json '[.cells[].ns] | min > 0'
if command -v valgrind >/dev/null; then
	topic "instructions a packet"
	json '.cells["tx.60"].instructions | . > 50 and . <= 400'
	json '.cells["tx.1514"].instructions <=
	    1.3 * .cells["tx.60"].instructions'
else
	echo "valgrind is not here: instructions are not counted"
fi

verdict
