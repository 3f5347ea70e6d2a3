#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Every shell script parses, and shellcheck has nothing to say of it.

# shellcheck source=test/check/common
. "$(dirname -- "$0")/common"

# scripts: files that start with #! and a shell, and those they read in.
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

bad=0
for file in $(scripts); do
	case $(head -n 1 "$file") in
	*bash*) shell=bash ;;
	*) shell=$(command -v dash || command -v sh) ;;
	esac
	"$shell" -n "$file" || bad=1
	if command -v shellcheck >/dev/null; then
		shellcheck -x "$file" || bad=1
	fi
done
[ $bad = 0 ] || exit 1
command -v shellcheck >/dev/null ||
    skip "shellcheck is not here; they do parse"
