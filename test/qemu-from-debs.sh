#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# usage: sh test/qemu-from-debs.sh [DIRECTORY]
#
# Gets a QEMU that has the qtest accelerator (for differential.sh) and
# vfio-user-pci (for lem-nic: lem-bench, test/vm) into DIRECTORY (build/qemu):
# Debian's own packages and the libraries they need; see test/debs.  It
# downloads about 40 MB.  DIRECTORY/qemu-system-x86_64 runs it.
#
# Debian 12's QEMU 7.2 and 13's 10.0 have neither; that of trixie-backports
# (11.1) has both.  From where: the servers that this machine's apt has Debian
# from.  SUITE and BACKPORTS name other suites.

set -eu
: "${BUILD:=$(dirname -- "$0")/../build}"
: "${SUITE:=trixie}" "${BACKPORTS:=trixie-backports}"
me=qemu-from-debs
# shellcheck source=test/debs
. "$(dirname -- "$0")/debs"

debs_begin "${1:-$BUILD/qemu}" "$SUITE" "$BACKPORTS"
debs_apt apt-get -t "$BACKPORTS" install --download-only \
    --no-install-recommends qemu-system-x86 ||
    die "apt-get could not download QEMU"
debs_unpack

# With its own loader and libraries, as those of this machine may be too old.
lib=$dir/root/usr/lib/x86_64-linux-gnu
cat >"$dir/qemu-system-x86_64" <<END
#!/bin/sh
QEMU_MODULE_DIR='$lib/qemu'
export QEMU_MODULE_DIR
exec '$dir/root/usr/lib64/ld-linux-x86-64.so.2' --library-path '$lib' \\
    --argv0 qemu-system-x86_64 '$dir/root/usr/bin/qemu-system-x86_64' \\
    -L '$dir/root/usr/share/seabios' -L '$dir/root/usr/share/qemu' "\$@"
END
chmod 755 "$dir/qemu-system-x86_64"
"$dir/qemu-system-x86_64" --version | head -n 1
