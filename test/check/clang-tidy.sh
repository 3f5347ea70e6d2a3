#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 1200
#
# clang-tidy, with the checks of .clang-tidy, has nothing to say of any C file.
# Arguments: the files, instead of all.

# shellcheck source=test/check/common
. "$(dirname -- "$0")/common"

command -v clang-tidy >/dev/null || skip "clang-tidy is not here"

if [ "${1-}" = --one ]; then
	# shellcheck disable=SC2046 # flags are words
	clang-tidy --quiet "$2" -- $(flags "$2") >"$BUILD/test/tidy.$$" 2>&1
	status=$?
	if [ $status != 0 ]; then
		# Not the count of warnings that were suppressed in system headers.
		grep -v -e 'warnings\{0,1\} generated' -e 'Use -header-filter' \
		    -e '^Suppressed ' "$BUILD/test/tidy.$$"
	fi
	rm -f "$BUILD/test/tidy.$$"
	exit $status
fi

mkdir -p "$BUILD/test"
clang-tidy --version | grep version
[ $# != 0 ] || {
	# shellcheck disable=SC2046 # the tree's names have no spaces
	set -- $(analysed)
}
[ $# != 0 ] || skip "no C files"
printf '%s\n' "$@" | xargs -n 1 -P "$(getconf _NPROCESSORS_ONLN)" \
    "$SRCDIR/test/check/clang-tidy.sh" --one || exit 1
