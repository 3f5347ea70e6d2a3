/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest runs bench/freebsd/script and prints a line for each window on its
 * console, which is QEMU's standard output.  em(4) does not count its register
 * accesses, but QEMU can trace them: it does so after the last round, for one
 * window more, and prints them on standard error.
 */
#include "freebsd.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "trace.h"
#include "vmm.h"

#define BOOT_SECONDS	120
#define LINE_BYTES	1024

/* One of the guest's two streams, read a line at a time. */
struct stream {
	int fd;
	char text[LINE_BYTES];
	size_t used;
};

struct guest {
	pid_t pid;
	struct stream console, trace;
	int qmp_fd;
	struct lem_trace em;	/* em(4)'s accesses */
	unsigned int rounds;	/* complete ones; the first is a warm-up */
	bool tracing, done;
	char said[160];		/* the last line of QEMU, or of a panic */
};

/* The cells of a guest, and the addresses that they send to. */
static const char *const address[] = { "10.1.0.10", "10.1.0.11", "10.2.0.1",
	"10.3.0.1" };
enum {
	IF_LEM,
	IF_LEM_MODIFIED,
	EM,
	VTNET,
	CELLS
};

/* The runs of this guest's cells, and how many; NULL: not asked for. */
struct sheet {
	struct lem_run *run[CELLS];
	unsigned int *n[CELLS];
	unsigned int runs;
};

/* ----------------------------------------------------------------- start */

static void __attribute__((noreturn))
exec_freebsd(const struct lem_host *host, bool moderation, double seconds,
    const int out[2], const int err[2], int qmp, pid_t parent)
{
	char initrd[2048], boot[300], nic[2][128], chardev[64];
	const char *mitigation = !lem_host_has(host, LEM_NEED_MITIGATION) ? "" :
	    moderation ? ",mitigation=on" :
							 ",mitigation=off";
	int null = open("/dev/null", O_RDONLY), i;

	(void)snprintf(initrd, sizeof(initrd),
	    "%s vfs.root.mountfrom=cd9660:/dev/md0 console=comconsole "
	    "hint.uart.0.at=isa hint.uart.0.port=0x3F8 hint.uart.0.irq=4 "
	    "hint.uart.0.flags=0x10 init_path=/sbin/init lem.ms=%u,"
	    "%s/bench.iso",
	    host->freebsd_kernel, (unsigned int)(seconds * 1e3),
	    host->freebsd_dir);
	for (i = 0; i < 2; i++)
		(void)snprintf(nic[i], sizeof(nic[i]),
		    "e1000,netdev=n%d,addr=%d,romfile=,mac=52:54:00:00:00:%02d"
		    "%s",
		    i, i + 2, i + 1, mitigation);
	(void)snprintf(boot, sizeof(boot), "%s/boot.elf", host->freebsd_dir);
	(void)snprintf(chardev, sizeof(chardev), "socket,id=qmp,fd=%d", qmp);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (null < 0 || getppid() != parent)
		_exit(127);
	(void)setpgid(0, 0);	/* Ctrl-C goes to lem-bench alone */
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(out[1], STDOUT_FILENO);
	(void)dup2(err[1], STDERR_FILENO);
	/* A hub with one port queues; with two, the second drops. */
	execlp(host->qemu, host->qemu, "-accel", "tcg", "-smp", "1,maxcpus=2",
	    "-m", "512", "-display", "none", "-vga", "none", "-nodefaults",
	    "-no-user-config", "-no-reboot", "-chardev",
	    "stdio,id=console,signal=off", "-serial", "chardev:console",
	    "-chardev", chardev, "-mon", "chardev=qmp,mode=control", "-kernel",
	    boot, "-initrd", initrd, "-netdev", "hubport,id=n0,hubid=0",
	    "-netdev", "hubport,id=s0,hubid=0", "-device", nic[0], "-netdev",
	    "hubport,id=n1,hubid=1", "-netdev", "hubport,id=s1,hubid=1",
	    "-device", nic[1], "-netdev", "hubport,id=n2,hubid=2", "-netdev",
	    "hubport,id=s2,hubid=2", "-device",
	    "virtio-net-pci,netdev=n2,addr=4,romfile=,mac=52:54:00:00:00:03",
	    (char *)NULL);
	(void)dprintf(STDERR_FILENO, "%s: %s\n", host->qemu, strerror(errno));
	_exit(127);
}

static int
freebsd_start(struct guest *g, const struct lem_host *host, bool moderation,
    double seconds)
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 }, qmp[2] = { -1, -1 };
	pid_t parent = getpid();
	int theirs = -1, error;

	if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qmp) != 0)
		g->pid = -1;
	else {
		theirs = dup(qmp[1]);	/* without close-on-exec */
		g->pid = theirs < 0 ? -1 : fork();
	}
	error = errno;
	if (g->pid == 0)
		exec_freebsd(host, moderation, seconds, out, err, theirs,
		    parent);
	if (g->pid > 0) {
		lem_vmm_running = g->pid;
		(void)setpgid(g->pid, g->pid);
	}
	(void)close(out[1]);
	(void)close(err[1]);
	(void)close(qmp[1]);
	(void)close(theirs);
	g->console.fd = out[0];
	g->trace.fd = err[0];
	g->qmp_fd = qmp[0];
	if (g->pid < 0)
		(void)snprintf(g->said, sizeof(g->said),
		    "cannot start QEMU: %s", strerror(error));
	return g->pid > 0 ? 0 : -1;
}

static void
freebsd_stop(struct guest *g)
{
	lem_vmm_running = 0;
	if (g->pid > 0) {
		(void)kill(-g->pid, SIGKILL);
		(void)waitpid(g->pid, NULL, 0);
	}
	(void)close(g->console.fd);
	(void)close(g->trace.fd);
	(void)close(g->qmp_fd);
}

/* ----------------------------------------------------------------- lines */

/* Answers are not read: a QEMU that does not trace prints nothing to count. */
static void
trace_em(struct guest *g)
{
	lem_trace_switch(g->qmp_fd, true);
	g->tracing = true;
}

static void
trace_line(struct guest *g, const char *line)
{
	if (!lem_trace_line(&g->em, line) && strstr(line, "warning:") == NULL)
		(void)snprintf(g->said, sizeof(g->said), "%.150s", line);
}

/* "..., dev.em.0.tx_doorbells 14840/M 200/s": by the packet, or the second. */
static double
flood_counter(const char *line, const char *name, bool by_second)
{
	const char *at = strstr(line, name);

	if (at == NULL)
		return NAN;
	if (!by_second)
		return strtod(at + strlen(name), NULL) / 1e6;
	at = strstr(at, "/M ");
	return at == NULL ? NAN : strtod(at + 3, NULL);
}

static void
flood_window(struct lem_run *run, unsigned int cell, const char *line,
    double pps, double sent)
{
	unsigned int i;
	const char *irq = cell == EM ? "irq:em1" :
	    cell == VTNET            ? "irq:virtio_pci0" :
				       ".interrupts";

	*run = (struct lem_run){
		.kpps = pps / 1e3,
		.mbit_s = NAN,
		.doorbells = flood_counter(line, ".tx_doorbells", false),
		.interrupts = flood_counter(line, irq, false),
		.interrupts_s = flood_counter(line, irq, true),
		.registers = flood_counter(line, ".reg_reads", false) +
		    flood_counter(line, ".reg_writes", false),
		.deferred = flood_counter(line, ".tx_deferred", false),
		.exits = NAN,
		.host_cpu_us = NAN,
		.ring_full = NAN,
		.batch_max = NAN,
		.rtt_p50_us = NAN,
		.rtt_p99_us = NAN,
		.boot_ms = NAN,
		.interrupt_us = NAN,
		.interrupt_share = NAN,
		.itr_end = NAN,
		.learned_us = NAN,
		.line_ns = NAN,
	};
	for (i = 0; i < LEM_EXITS; i++)
		run->exits_by[i] = NAN;
	if (cell == IF_LEM || cell == IF_LEM_MODIFIED)
		run->guard_flushes = (uint64_t)lround(
		    flood_counter(line, ".tx_guard_flushes", false) * sent);
}

/* Use the register counts of the traced window for all of em(4)'s runs. */
static void
em_traced(const struct guest *g, const struct sheet *s, double sent)
{
	unsigned int k;

	for (k = 0; g->em.doorbells > 0 && s->n[EM] != NULL && k < *s->n[EM];
	    k++) {
		s->run[EM][k].doorbells = (double)g->em.doorbells / sent;
		s->run[EM][k].registers = (double)g->em.registers / sent;
	}
}

/* "flood 10.2.0.1: 35800 pps, 10740 sent, 0 refused, irq:em1 ...", and em(4)'s
 * "em1: <...> port 0x... mem 0xfebc0000-0xfebdffff irq 11 at device 3.0". */
static void
console_line(struct guest *g, const struct sheet *s, const char *line)
{
	const char *mem = strstr(line, " mem 0x");
	double pps, sent;
	char to[16];
	unsigned int i;

	if (strncmp(line, "em1: <", 6) == 0 && mem != NULL)
		g->em.bar = strtoull(mem + 5, NULL, 16);
	if (strncmp(line, "FAIL ", 5) == 0 || strncmp(line, "panic", 5) == 0)
		(void)snprintf(g->said, sizeof(g->said), "%.150s", line);
	if (sscanf(line, "flood %15[0-9.]: %lf pps, %lf sent", to, &pps,
		&sent) != 3)
		return;
	for (i = 0; i < CELLS && strcmp(to, address[i]) != 0; i++)
		;
	if (i == CELLS)
		return;
	if (g->tracing && i == EM) {
		em_traced(g, s, sent);
		g->done = true;
	} else if (!g->tracing && g->rounds > 0 && s->n[i] != NULL) {
		flood_window(&s->run[i][*s->n[i]], i, line, pps, sent);
		(*s->n[i])++;
	}
	if (i == VTNET && !g->tracing && g->rounds++ == s->runs)
		trace_em(g);
}

/* Read what has come, line by line.  Returns false at the end. */
static bool
read_lines(struct guest *g, struct stream *in, const struct sheet *s)
{
	ssize_t n =
	    read(in->fd, in->text + in->used, LINE_BYTES - 1 - in->used);
	char *line = in->text, *end;

	if (n <= 0)
		return n < 0 && errno == EINTR;
	in->used += (size_t)n;
	in->text[in->used] = '\0';
	while ((end = strchr(line, '\n')) != NULL && !g->done) {
		*end = '\0';
		if (in == &g->trace)
			trace_line(g, line);
		else
			console_line(g, s, line);
		line = end + 1;
	}
	in->used = strlen(line);
	if (in->used == LINE_BYTES - 1)
		in->used = 0;	/* none of our lines is so long */
	memmove(in->text, line, in->used);
	return true;
}

/* Read up to the end.  The trace first: it was written before the console. */
static void
freebsd_follow(struct guest *g, const struct sheet *s, double limit)
{
	struct pollfd fd[2] = { { g->trace.fd, POLLIN, 0 },
		{ g->console.fd, POLLIN, 0 } };

	while (!g->done && !lem_vmm_interrupted) {
		if (poll(fd, 2, 1000) < 0 && errno != EINTR)
			return;
		if (fd[0].revents != 0) {
			if (!read_lines(g, &g->trace, s))
				fd[0].fd = -1;
		} else if (fd[1].revents != 0) {
			if (!read_lines(g, &g->console, s))
				return;
		}
		if (lem_now() > limit)
			return;
	}
}

/* ----------------------------------------------------------------- cells */

static unsigned int
kind_of(const struct lem_cell *c)
{
	if (c->driver == LEM_DRIVER_EM)
		return EM;
	if (c->driver == LEM_DRIVER_VTNET)
		return VTNET;
	return c->mit_enable != LEM_MIT_OFF ? IF_LEM_MODIFIED : IF_LEM;
}

void
lem_freebsd_run(struct lem_results *r, const struct lem_host *host,
    bool moderation, struct lem_run *run, unsigned int *n)
{
	struct lem_cell *cell[CELLS] = { NULL };
	struct sheet s = { .runs = r->runs };
	struct guest g = { .pid = -1 };
	unsigned int k, asked = 0;
	size_t i;

	for (i = 0; i < r->cells; i++) {
		if (r->cell[i].guest != LEM_GUEST_FREEBSD ||
		    r->cell[i].moderation != moderation ||
		    r->cell[i].skipped[0] != '\0')
			continue;
		k = kind_of(&r->cell[i]);
		cell[k] = &r->cell[i];
		s.run[k] = &run[i * r->runs];
		s.n[k] = &n[i];
		asked++;
	}
	if (asked == 0 || lem_vmm_interrupted)
		return;
	if (freebsd_start(&g, host, moderation, r->seconds) == 0)
		freebsd_follow(&g, &s,
		    lem_now() + BOOT_SECONDS +
			CELLS * (r->seconds + 1) * (r->runs + 3));
	freebsd_stop(&g);
	for (k = 0; k < CELLS; k++)
		if (cell[k] != NULL && *s.n[k] < r->runs &&
		    !lem_vmm_interrupted)
			(void)snprintf(cell[k]->failed, sizeof(cell[k]->failed),
			    "the FreeBSD guest ended or took too long in "
			    "round %u: %.90s",
			    g.rounds,
			    g.said[0] == '\0' ? "it printed nothing" : g.said);
}
