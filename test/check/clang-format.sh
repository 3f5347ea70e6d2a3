#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# usage: test/check/clang-format.sh [--fix] [FILE...]
#
# Every C file is as .clang-format says; no line is over 80 columns or ends in
# white space.  Not checked, because the versions of clang-format differ there
# or would undo a table that is aligned by hand: white space before a trailing
# comment, the value of a #define and a backslash at the end of a line; how deep
# spaces indent a continuation line; how the later lines of a comment are
# indented; spaces around the operator in "(a) * b".  --fix rewrites the lines
# that are wrong, and only those.  FILE: those, instead of all.
#
# clang-format 14 (Debian 12) is the reference.  A later one breaks some lines
# elsewhere: the test passes with a note.

# shellcheck source=test/check/common
. "$(dirname -- "$0")/common"

reference=14
: "${CLANG_FORMAT:=clang-format}"
command -v "$CLANG_FORMAT" >/dev/null || skip "clang-format is not here"
version=$("$CLANG_FORMAT" --version |
    sed 's/.*version \([0-9][0-9]*\).*/\1/')
[ "$version" -ge $reference ] ||
    skip "clang-format $version is too old for .clang-format, which needs 14"

tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT
tab=$(printf '\t')

# level: removes the differences that are not checked.  One line in, one out.
level()
{
	sed -E -e "s,([^ $tab])[ $tab]+/([*/]),\\1 /\\2," \
	    -e "s,^(# *define[ $tab]+[A-Za-z0-9_]+(\\([^)]*\\))?)[ $tab]+,\\1 ," \
	    -e "s,[ $tab]+\\\\\$, \\\\," \
	    -e "s,^[ $tab]+\\*( |/|\$), *\\1," \
	    -e "s,\\) ~,)~,g" -e 's,\) ?\* ?([A-Za-z0-9_(]),)*\1,g' \
	    -e 's," \(,"(,g' \
	    -e "s,^$tab* +,$tab    ,"
}

# merge HUNKS FORMATTED SOURCE: SOURCE, with the hunks' lines of FORMATTED.
merge()
{
	awk '
	FILENAME == ARGV[1] {
		split($0, side, /[acd]/)
		from = to = side[1]
		if (split(side[1], range, ",") == 2) {
			from = range[1]
			to = range[2]
		}
		first = last = side[2]
		if (split(side[2], range, ",") == 2) {
			first = range[1]
			last = range[2]
		}
		for (i = from; $0 !~ /a/ && i <= to; i++)
			drop[i + 0] = 1
		if ($0 !~ /d/) {
			begin[to + 0] = first
			end[to + 0] = last
		}
		next
	}
	FILENAME == ARGV[2] { new[FNR] = $0; next }
	FNR == 1 { put(0) }
	!(FNR in drop) { print }
	{ put(FNR) }
	function put(at, i) {
		if (at in begin)
			for (i = begin[at]; i <= end[at]; i++)
				print new[i]
	}' "$@"
}

# width FILE: the lines that are too wide or end in white space.
width()
{
	expand "$1" | awk -v file="$1" '
	length > 80 { print file ":" NR ": over 80 columns" }'
	awk -v file="$1" '
	/[ \t]$/ { print file ":" NR ": white space at the end" }' "$1"
}

fix=no
if [ "${1-}" = --fix ]; then
	fix=yes
	shift
fi
if [ $# != 0 ]; then
	printf '%s\n' "$@" >"$tmp/list"
else
	sources '*.[ch]' >"$tmp/list"
fi
[ -s "$tmp/list" ] || skip "no C files"
differ=0
: >"$tmp/wide"
while IFS= read -r file; do
	"$CLANG_FORMAT" "$file" >"$tmp/formatted" || exit
	level <"$file" >"$tmp/is"
	level <"$tmp/formatted" >"$tmp/should"
	if ! diff "$tmp/is" "$tmp/should" >"$tmp/diff"; then
		if [ $fix = yes ]; then
			grep '^[0-9]' "$tmp/diff" >"$tmp/hunks"
			merge "$tmp/hunks" "$tmp/formatted" "$file" \
			    >"$tmp/merged" || exit
			cat "$tmp/merged" >"$file"
			echo "$file: reformatted"
		else
			echo "$file: not as .clang-format says:"
			cat "$tmp/diff"
			differ=$((differ + 1))
		fi
	fi
	width "$file" >>"$tmp/wide"
done <"$tmp/list"

cat "$tmp/wide"
if [ $differ != 0 ]; then
	echo "'$0 --fix' rewrites those lines"
	[ "$version" != $reference ] || exit 1
fi
! [ -s "$tmp/wide" ] || exit 1
[ $differ = 0 ] ||
    echo "note: clang-format $version would change $differ files" \
	"(clang-format $reference is the reference)"
