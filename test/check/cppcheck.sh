#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 600
#
# usage: test/check/cppcheck.sh [FILE...]
#
# cppcheck finds nothing in any C file, or in these.

# shellcheck source=test/check/common
. "$(dirname -- "$0")/common"

command -v cppcheck >/dev/null || skip "cppcheck is not here"

if [ "${1-}" = --one ]; then
	# cppcheck understands only these of the compiler's flags.
	# shellcheck disable=SC2046 # flags are words
	set -- $(flags "$2" | tr ' ' '\n' | grep -e '^-I.' -e '^-D') \
	    --std=c11 "$2"
	# Off: uninitialised variables across functions (it takes an initialiser
	# for a reader; clang-tidy watches these); differences of linker symbols.
	out=$(cppcheck --quiet --enable=warning,performance,portability \
	    --inline-suppr --error-exitcode=1 --platform=unix64 \
	    --suppress=ctuuninitvar --suppress=comparePointers \
	    --suppress=subtractPointers --suppress=missingIncludeSystem \
	    --suppress=normalCheckLevelMaxBranches \
	    --suppress=unmatchedSuppression "$@" 2>&1) && [ -z "$out" ] && exit
	printf '%s\n' "$out"
	exit 1
fi

version=$(cppcheck --version | sed -n 's/^Cppcheck \([0-9]*\.[0-9]*\).*/\1/p')
analyse cppcheck "$version" 2.10 "$@"
