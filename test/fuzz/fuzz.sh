#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 1200
#
# usage: test/fuzz/fuzz.sh [SECONDS]
#
# Every fuzzer in $BUILD/fuzz: first its corpus, each file once, then new
# inputs for SECONDS (5).  What crashes one stays in the corpus, to be
# committed with the fix.
#
# bars and peers have threads, sockets, a guest: an input takes a while, on a
# slow machine many seconds.  Without SECONDS only their corpus is run.

set -eu

: "${SRCDIR:=$(dirname -- "$0")/../..}"
: "${BUILD:=$SRCDIR/build}"
given=${1:-}
note=''

# slow NAME
slow()
{
	if [ "$given" = '' ]; then
		echo "$1: the corpus"
		set -- "$1" "$corpus"/*
	else
		echo "$1: the corpus, and new inputs, $seconds s"
		set -- "$1" -max_total_time="$seconds" \
		    -artifact_prefix="$corpus/" "$found" "$corpus"
	fi
	mkdir -p "$found"
	shift
	"$fuzzer" -error_exitcode=1 -timeout=1000 "$@" 2>"$found.log" || {
		cat "$found.log"
		exit 1
	}
	cat "$found.log"
	why=$(sed -n 's/^skipped: /without /p' "$found.log")
	[ "$why" = '' ] || note="note: $name: $why"
}

for fuzzer in "$BUILD"/fuzz/fuzz_*; do
	[ -x "$fuzzer" ] || { echo "no fuzzers are built here"; exit 77; }
	name=${fuzzer##*/fuzz_}
	corpus=$SRCDIR/test/fuzz/corpus/$name
	found=$BUILD/fuzz/found_$name
	seconds=${given:-5}
	case $name in
	bars | peers)
		slow "$name"
		continue
		;;
	esac
	mkdir -p "$found"
	echo "$name: the corpus"
	# Without the option a crash ends with 77, which means "skipped" here.
	"$fuzzer" -error_exitcode=1 "$corpus"/*
	echo "$name: $seconds s of new inputs"
	"$fuzzer" -error_exitcode=1 -max_total_time="$seconds" -timeout=60 \
	    -artifact_prefix="$corpus/" "$found" "$corpus"
done
[ "$note" = '' ] || echo "$note"
