#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# usage: test/fuzz/fuzz.sh [SECONDS]
#
# Every fuzzer in $BUILD/fuzz: first its corpus, each file once, then new
# inputs for SECONDS (10).  What crashes one stays in the corpus, to be
# committed with the fix.

set -eu

: "${SRCDIR:=$(dirname -- "$0")/../..}"
: "${BUILD:=$SRCDIR/build}"
seconds=${1:-10}

for fuzzer in "$BUILD"/fuzz/fuzz_*; do
	[ -x "$fuzzer" ] || { echo "no fuzzers are built here"; exit 77; }
	name=${fuzzer##*/fuzz_}
	corpus=$SRCDIR/test/fuzz/corpus/$name
	found=$BUILD/fuzz/found_$name
	mkdir -p "$found"
	echo "$name: the corpus"
	# Without the option a crash ends with 77, which means "skipped" here.
	"$fuzzer" -error_exitcode=1 "$corpus"/*
	echo "$name: $seconds s of new inputs"
	"$fuzzer" -error_exitcode=1 -max_total_time="$seconds" -timeout=10 \
	    -artifact_prefix="$corpus/" "$found" "$corpus"
done
