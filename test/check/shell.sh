#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Every shell script parses, and shellcheck finds nothing in it.

# shellcheck source=test/check/common
. "$(dirname -- "$0")/common"

[ "${1-}" != --one ] || exec shellcheck -x -f gcc "$2"

# scripts: the files that start with #! and a shell, and those they source.
scripts()
{
	find . \( -name .git -o -name "build*" \
	    -o -path "./${BUILD#"$SRCDIR"/}" \) -prune -o -type f -print |
	    while IFS= read -r file; do
		head -n 1 "$file" | tr -d '\000' |
		    grep -qE '^#! ?/(usr/)?bin/(env )?(ba|da)?sh' &&
		    echo "$file"
	done
	echo ./test/check/common
	echo ./test/bench/common
}

tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT
bad=0
for file in $(scripts); do
	case $(head -n 1 "$file") in
	*bash*) shell=bash ;;
	*) shell=$(command -v dash || command -v sh) ;;
	esac
	"$shell" -n "$file" || bad=1
done
[ $bad = 0 ] || exit 1
command -v shellcheck >/dev/null ||
    skip "shellcheck is not here; the scripts do parse"
# shellcheck disable=SC2046 # the tree's names have no spaces
each $(scripts) >"$tmp/findings" 2>&1
version=$(shellcheck --version | sed -n 's/^version: \([0-9]*\.[0-9]*\).*/\1/p')
judge shellcheck "$version" 0.9 "$tmp/findings"
