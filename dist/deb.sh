#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# usage: dist/deb.sh
#
# Builds the Debian packages from a copy of the tree, so that nothing of that
# gets into the tree, and puts them into $BUILD/deb.  Without git, the copy is
# of all files but build*.  What dpkg-buildpackage says is in $BUILD/deb/log.

set -eu
cd "$(dirname -- "$0")/.."
: "${BUILD:=build}"

die()
{
	echo "deb: $*" >&2
	exit 1
}

for tool in dpkg-buildpackage dh dh_dkms; do
	command -v $tool >/dev/null ||
	    die "no $tool: './lem deb' installs what this needs"
done

version=$(dpkg-parsechangelog -S Version)
rm -rf "$BUILD/deb"
mkdir -p "$BUILD/deb/lem-$version"
debs=$(cd "$BUILD/deb" && pwd)
copy=$debs/lem-$version

# files: those of the tree, one a line.
files()
{
	if git -c safe.directory="$PWD" ls-files -co --exclude-standard \
	    >"$debs/git" 2>/dev/null && [ -s "$debs/git" ]; then
		while IFS= read -r file; do
			[ ! -e "$file" ] || echo "$file"
		done <"$debs/git"
	else
		find . \( -name .git -o -path "./build*" \
		    -o -path "./$BUILD" \) -prune -o ! -type d -print
	fi
}

files >"$debs/files"
tar -c --owner=0 --group=0 -T "$debs/files" | tar -x -C "$copy"
rm "$debs/files" "$debs/git"
options="parallel=$(getconf _NPROCESSORS_ONLN) ${DEB_BUILD_OPTIONS-}"
# The variables of a make that called this are not for that make.
(cd "$copy" && env -u BUILD -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
    DEB_BUILD_OPTIONS="nocheck $options" \
    dpkg-buildpackage -us -uc) >"$debs/log" 2>&1 || {
	tail -n 40 "$debs/log" >&2
	die "dpkg-buildpackage failed: $debs/log has all that it said"
}
rm -rf "$copy"
ls "$debs"/*.deb
