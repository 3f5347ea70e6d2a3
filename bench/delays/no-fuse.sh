#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# usage: LEM_NIC=PATH bench/delays/no-fuse.sh [ARGUMENT...]
#
# lem-nic where there is no FUSE: its doorbells are a memfd.  As root.

# shellcheck disable=SC2016 # the inner shell expands it
exec unshare -m sh -c \
    'mount --bind /dev/null /dev/fuse && exec "$LEM_NIC" "$@"' sh "$@"
