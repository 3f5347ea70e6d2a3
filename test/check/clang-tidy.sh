#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 1200
#
# usage: test/check/clang-tidy.sh [FILE...]
#
# clang-tidy, with the checks of .clang-tidy, finds nothing in any C file, or in
# these.  Of tests it does not analyse paths, which takes most of the time, unless
# LEM_LONG=1 (make check-tidy): they run with sanitizers anyway.

# shellcheck source=test/check/common
. "$(dirname -- "$0")/common"

command -v clang-tidy >/dev/null || skip "clang-tidy is not here"

if [ "${1-}" = --one ]; then
	checks=''
	case ${LEM_LONG:+long}$2 in
	./test/* | test/*) checks='-clang-analyzer-*' ;;
	esac
	# shellcheck disable=SC2046 # flags are words
	out=$(clang-tidy --quiet --checks="$checks" "$2" -- $(flags "$2") \
	    2>&1) && exit
	# Not the count of warnings in system headers.
	printf '%s\n' "$out" | grep -v -e 'warnings\{0,1\} generated' \
	    -e 'Use -header-filter' -e '^Suppressed '
	exit 1
fi

version=$(clang-tidy --version | sed -n 's/.*version \([0-9]*\).*/\1/p')
analyse clang-tidy "$version" 14 "$@"
