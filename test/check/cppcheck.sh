#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 600
#
# cppcheck has nothing to say of any C file.  Arguments: the files, instead of
# all.

# shellcheck source=test/check/common
. "$(dirname -- "$0")/common"

command -v cppcheck >/dev/null || skip "cppcheck is not here"
cppcheck --version

[ $# != 0 ] || {
	# shellcheck disable=SC2046 # the tree's names have no spaces
	set -- $(analysed)
}
[ $# != 0 ] || skip "no C files"

bad=0
for file; do
	# Only what cppcheck understands of the compiler's flags.
	# shellcheck disable=SC2046 # flags are words
	set -- $(flags "$file" | tr ' ' '\n' | grep -e '^-I.' -e '^-D') \
	    --std=c11 "$file"
	# Off: uninitialised across functions, where it takes an initialiser for a
	# reader; differences of linker symbols.  clang-tidy watches the first.
	cppcheck --quiet --enable=warning,performance,portability \
	    --inline-suppr --error-exitcode=1 --platform=unix64 \
	    --suppress=ctuuninitvar --suppress=comparePointers \
	    --suppress=subtractPointers --suppress=missingIncludeSystem \
	    --suppress=normalCheckLevelMaxBranches \
	    --suppress=unmatchedSuppression "$@" 2>&1 || bad=1
done
exit $bad
