/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process that connects to one Unix stream socket, and connects again when it
 * is asked.  The threads of a NIC are confined and cannot make sockets; the
 * process makes no other, so that they gain nothing by asking.
 */
#ifndef HOST_CONNECTOR_H
#define HOST_CONNECTOR_H

#include "unix.h"

/*
 * connector_start: start the process.  It becomes the user of unix_owner().
 * Returns a descriptor: readable when connector_take() has something; closing
 * it ends the process.  Returns -1 with err set.
 */
int connector_start(const struct sockaddr_un *at, struct err *err);

/*
 * connector_ask: connect.  The process tries until it succeeds, after pauses
 * that grow from 10 ms to 2 s; also if the last connection was short.  Once,
 * until connector_take() has returned something.  Does not wait.
 */
void connector_ask(int connector);

/*
 * connector_take: the socket that is connected now, non-blocking; the caller
 * owns it.  -EAGAIN: not yet.  -EPIPE: the process has ended.
 */
int connector_take(int connector);

#endif
