#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# mandoc finds nothing wrong with the man pages, and lem-bench's has the
# options that lem-bench --help has, no more and no less.

# shellcheck source=test/check/common
. "$(dirname -- "$0")/common"

command -v mandoc >/dev/null || skip "mandoc is not here"
pages=$(sources '*.[1-9]')
[ -n "$pages" ] || skip "no man pages"

bad=0
for page in $pages; do
	mandoc -Tlint -Wwarning "$page" || bad=1
done

# options: the long options in a text, one a line.
options()
{
	grep -oE -e '--[a-z][a-z0-9-]*' | sort -u
}

tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT
for page in $pages; do
	program=${page##*/}
	program=$BUILD/${program%.[1-9]}
	[ -x "$program" ] || continue
	"$program" --help | options >"$tmp/help"
	# A terminal's bold is "c, backspace, c".
	mandoc -Tascii "$page" | sed "s/.$(printf '\b')//g" | options \
	    >"$tmp/page"
	if ! diff "$tmp/help" "$tmp/page"; then
		echo "$page: '<' only in --help, '>' only in the page"
		bad=1
	fi
done
exit $bad
