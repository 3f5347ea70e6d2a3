#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 3600
#
# The Debian packages build, lintian finds nothing in them, and they have what
# they should: the programs say the packages' version, a unit starts a program
# that is there, the library has its name, DKMS gets all that lem.ko is made of.
# (test/deb/install.sh installs them.)

# shellcheck source=test/check/common
. "$(dirname -- "$0")/common"

for tool in dpkg-buildpackage dh dh_dkms; do
	command -v $tool >/dev/null || skip "no $tool (package debhelper, dh-dkms)"
done
missing=$(dpkg-checkbuilddeps 2>&1) || skip "$missing"

tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT
bad=0

wrong()
{
	echo "wrong: $*"
	bad=1
}

# is WHAT FOUND WANTED
is()
{
	[ "$2" = "$3" ] || wrong "$1: '$2', not '$3'"
}

DEB_BUILD_OPTIONS=noautodbgsym BUILD=$tmp dist/deb.sh || exit 1
version=$(dpkg-parsechangelog -S Version)
for deb in "$tmp"/deb/*.deb; do
	name=$(dpkg-deb -f "$deb" Package)
	is "$name" "$(dpkg-deb -f "$deb" Version)" "$version"
	dpkg-deb -x "$deb" "$tmp/$name"
done

so=$(sed -n 's/^SOVERSION = //p' Makefile)
is packages "$(cd "$tmp" && echo lem* libe*)" \
    "lem lem-dkms libe82540-$so libe82540-dev"
for program in lem-bench lem-nic lem-stat lem-vm; do
	is "$program" "$("$tmp/lem/usr/bin/$program" --version)" \
	    "$program $version"
done
for unit in "$tmp"/lem/usr/lib/systemd/system/*.service; do
	start=$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$unit")
	[ -x "$tmp/lem$start" ] || wrong "${unit##*/} starts $start"
done
is symbols "$(dpkg-deb -I "$tmp/deb/libe82540-$so"_*.deb symbols |
    head -n 1)" "libe82540.so.$so libe82540-$so #MINVER#"
is conffiles "$(dpkg-deb -I "$tmp"/deb/lem-dkms_*.deb conffiles)" \
    /etc/modprobe.d/lem.conf

grep -qx "blacklist lem" "$tmp"/lem-dkms/usr/lib/modprobe.d/*.conf ||
    wrong "lem is loaded for any device"

# What `make linux` compiles, and nothing that these include is missing.
source=$tmp/lem-dkms/usr/src/lem-$version
is dkms.conf "$(sed -n 's/^PACKAGE_VERSION=//p' "$source/dkms.conf")" \
    "\"$version\""
is Kbuild "$(sed -n 's/^LEM_VERSION := //p' "$source/Kbuild")" "$version"
# shellcheck disable=SC2013 # words
for object in $(sed -n -e '/^lem-y/,/[^\\]$/p' "$source/Kbuild" |
    grep -o '[a-z0-9_]*\.o'); do
	[ -e "$source/${object%.o}.c" ] || wrong "lem-dkms has no ${object%.o}.c"
done
# shellcheck disable=SC2013
for header in $(sed -n 's/^#include "\(.*\)"/\1/p' "$source"/*.[ch]); do
	[ -e "$source/$header" ] || wrong "lem-dkms has no $header"
done
[ $bad = 0 ] || exit 1

command -v lintian >/dev/null || skip "the packages build; no lintian"
lintian -I --pedantic --no-tag-display-limit "$tmp"/deb/*.changes \
    >"$tmp/said" 2>"$tmp/err" || [ -s "$tmp/said" ] || {
	cat "$tmp/err"
	exit 1
}
sed -n 's/^[EWIP]: [^:]*: \([^ ]*\).*/& [\1]/p' "$tmp/said" >"$tmp/findings"
number=$(lintian --version | sed -n 's/.* v\([0-9]*\.[0-9]*\).*/\1/p')
judge lintian "$number" 2.116 "$tmp/findings"
