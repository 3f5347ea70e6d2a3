/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where control sockets are when nobody says where: a tool finds them there.
 *
 *	root		/run/lem
 *	other users	$XDG_RUNTIME_DIR/lem, or /tmp/lem-UID without that
 *
 * A socket's name is PROGRAM.PID.sock.  The folder belongs to the user, and
 * nobody else may write to it.
 */
#ifndef HOST_CONTROL_DIR_H
#define HOST_CONTROL_DIR_H

#include <stdbool.h>
#include <sys/types.h>

#define CONTROL_DIR_ROOT	"/run/lem"
#define CONTROL_DIR_TMP		"/tmp"
#define CONTROL_DIR_BYTES	128u	/* of a folder's path, with the 0 */
#define CONTROL_PROGRAM_BYTES	32u	/* of a program's name, with the 0 */

/*
 * control_dir: the folder of the effective user.  Returns 0, or -ENAMETOOLONG.
 */
int control_dir(char dir[CONTROL_DIR_BYTES]);

/*
 * control_dir_make: the same, and make it if it is missing.  Returns 0 or
 * -errno; -EPERM: it is another user's, or others may write to it.
 */
int control_dir_make(char dir[CONTROL_DIR_BYTES]);

/*
 * control_dir_clean: remove the sockets in dir that processes have left behind
 * which do not exist any more.
 */
void control_dir_clean(const char *dir);

/* control_name: take a socket's name apart.  Returns whether it is one. */
bool
control_name(const char *name, char program[CONTROL_PROGRAM_BYTES], pid_t *pid);

#endif
