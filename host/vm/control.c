/* SPDX-License-Identifier: BSD-2-Clause */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "unix.h"

/* ------------------------------------------------------------------- JSON */

struct text {
	char buf[16384];
	size_t used;
};

static void __attribute__((format(printf, 2, 3)))
put(struct text *t, const char *format, ...)
{
	size_t room = sizeof(t->buf) - t->used;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(t->buf + t->used, room, format, ap);
	va_end(ap);
	if (n > 0)
		t->used += (size_t)n < room ? (size_t)n : room - 1;
}

static void
put_nic(struct text *t, struct nic *nic)
{
	struct nic_stats s;
	const struct e82540_counters *c = &s.counters;

	nic_stats(nic, &s);
	put(t,
	    "{\"traps\":%llu,\"busy\":%llu,\"parked\":%llu,"
	       "\"faults\":%llu,\"maps\":%llu,\"slower\":%llu,"
	       "\"trap_cost_ns\":%llu,\"looks\":%llu,"
	       "\"busy_us\":%llu,\"turns\":%llu,\"refused\":%llu,",
	    (unsigned long long)s.traps, (unsigned long long)s.busy,
	    (unsigned long long)s.parked, (unsigned long long)s.faults,
	    (unsigned long long)s.maps, (unsigned long long)s.slower,
	    (unsigned long long)s.trap_cost_ns, (unsigned long long)s.looks,
	    (unsigned long long)(s.busy_ns / 1000), (unsigned long long)s.turns,
	    (unsigned long long)s.refused);
	put(t,
	    "\"reg_reads\":%llu,\"reg_writes\":%llu,\"interrupts\":%llu,"
	       "\"tx_packets\":%llu,\"tx_bytes\":%llu,\"tx_sends\":%llu,"
	       "\"tx_stopped\":%llu,",
	    (unsigned long long)c->reg_reads, (unsigned long long)c->reg_writes,
	    (unsigned long long)c->interrupts,
	    (unsigned long long)c->tx_packets, (unsigned long long)c->tx_bytes,
	    (unsigned long long)c->tx_sends, (unsigned long long)c->tx_stopped);
	put(t,
	    "\"rx_packets\":%llu,\"rx_bytes\":%llu,\"rx_filtered\":%llu,"
	       "\"rx_waited\":%llu,\"rx_dropped\":%llu,\"bad\":%llu}",
	    (unsigned long long)c->rx_packets, (unsigned long long)c->rx_bytes,
	    (unsigned long long)c->rx_filtered,
	    (unsigned long long)c->rx_waited, (unsigned long long)c->rx_dropped,
	    (unsigned long long)c->bad_access + c->bad_ring + c->bad_address +
		c->bad_descriptor);
}

static void
put_stats(struct text *t, struct vm *vm)
{
	unsigned long long returns = 0;
	struct timespec cpu;
	int64_t exits = 0, n;
	unsigned int i;

	for (i = 0; i < vm->cpus; i++) {
		returns += vm->cpu[i].returns;
		n = vcpu_exits(&vm->cpu[i]);
		exits = n < 0 || exits < 0 ? -1 : exits + n;
	}
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	put(t, "{\"exits\":");
	if (exits < 0)
		put(t, "null");
	else
		put(t, "%lld", (long long)exits);
	put(t, ",\"returns\":%llu,\"cpu_us\":%llu,\"nics\":[", returns,
	    (unsigned long long)cpu.tv_sec * 1000000 +
		(unsigned long long)(cpu.tv_nsec / 1000));
	for (i = 0; i < vm->machine.nics; i++) {
		put(t, "%s", i > 0 ? "," : "");
		put_nic(t, vm->machine.nic[i].nic);
	}
	put(t, "]}\n");
}

/* ----------------------------------------------------------------- socket */

static void
gone(struct control *c)
{
	(void)close(c->fd);
	c->fd = -1;
	c->used = 0;
}

/* Who does not read its answers gets no half ones. */
static void
reply(struct control *c, const struct text *t)
{
	if (send(c->fd, t->buf, t->used, MSG_DONTWAIT | MSG_NOSIGNAL) !=
	    (ssize_t)t->used)
		gone(c);
}

/* Returns false: the machine is to end. */
static bool
command(struct control *c, struct vm *vm, const char *line)
{
	struct text t = { .used = 0 };

	if (strcmp(line, "quit") == 0)
		return false;
	if (strcmp(line, "stats") == 0)
		put_stats(&t, vm);
	else
		put(&t, "{\"error\":\"stats or quit\"}\n");
	reply(c, &t);
	return true;
}

int
control_fd(const struct control *c)
{
	return c->fd >= 0 ? c->fd : c->listen_fd;
}

bool
control_ready(struct control *c, struct vm *vm)
{
	char *line = c->line, *end;
	bool stay = true;
	ssize_t n;

	if (c->fd < 0) {
		c->fd = accept4(c->listen_fd, NULL, NULL,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		return true;
	}
	n = recv(c->fd, c->line + c->used, sizeof(c->line) - 1 - c->used,
	    MSG_DONTWAIT);
	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			gone(c);
		return true;
	}
	c->used += (size_t)n;
	c->line[c->used] = '\0';
	while (stay && c->fd >= 0 && (end = strchr(line, '\n')) != NULL) {
		*end = '\0';
		stay = command(c, vm, line);
		line = end + 1;
	}
	if (c->fd < 0)
		return stay;
	c->used = strlen(line);
	memmove(c->line, line, c->used + 1);
	if (c->used == sizeof(c->line) - 1)
		gone(c);		/* no line is that long */
	return stay;
}

static int
control_listen(struct control *c, const char *path, struct err *err)
{
	if (unix_address(&c->at, path, "--control", err) != 0)
		return -1;
	c->listen_fd = unix_bind(&c->at, SOCK_STREAM, "--control", err);
	if (c->listen_fd < 0)
		return -1;
	if (listen(c->listen_fd, 1) == 0)
		return 0;
	return err_set(err, "--control %s: %s", path, strerror(errno));
}

int
control_open(struct control *c, const char *where, struct err *err)
{
	socklen_t bytes = sizeof(int);
	uint64_t fd;
	int type;

	memset(c, 0, sizeof(*c));
	c->fd = c->listen_fd = -1;
	if (strncmp(where, "fd=", 3) != 0)
		return control_listen(c, where, err);
	if (parse_number(where + 3, "--control fd", 1 << 20, &fd, err) != 0)
		return -1;
	if (getsockopt((int)fd, SOL_SOCKET, SO_TYPE, &type, &bytes) != 0 ||
	    type != SOCK_STREAM)
		return err_usage(err, "--control: fd %d is no stream socket",
		    (int)fd);
	(void)fcntl((int)fd, F_SETFD, FD_CLOEXEC);
	c->fd = (int)fd;
	return 0;
}

void
control_close(struct control *c)
{
	if (c->fd >= 0)
		(void)close(c->fd);
	if (c->listen_fd >= 0) {
		(void)close(c->listen_fd);
		(void)unlink(c->at.sun_path);
	}
}
