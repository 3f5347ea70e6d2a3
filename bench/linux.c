/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest runs bench/linux/steps: it reads a line for each window, and answers
 * with a line of counts.  Its serial port is standard input and output of the
 * VMM.
 */
#include "linux.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "argv.h"
#include "clock.h"
#include "trace.h"
#include "vmm.h"

#define BOOT_SECONDS	600.0
#define KVM_BOOT_SECONDS	20.0	/* where KVM is of any use for it */
#define ANSWER_SECONDS	60.0	/* beyond the window */
#define LINE_BYTES	1024
#define SEGMENT_BYTES	1448.0	/* of TCP, in a frame of 1514 */

/* One of a guest's streams, read a line at a time. */
struct stream {
	int fd;
	char text[LINE_BYTES];
	size_t used;
};

enum {
	NIC_NULL,
	NIC_USER,
	NICS
};

struct guest {
	struct lem_vmm vmm;	/* pid 0: not started, or ended */
	struct stream serial, trace;
	enum lem_driver driver;
	bool ready;
	uint64_t bar[NICS];	/* where an e1000's registers are */
	/* What a window costs in which nothing is sent. */
	struct lem_vmm_usage idle;
	double idle_registers;
	struct lem_trace traced;
	char last[120];		/* its last line */
	char error[LEM_REASON_BYTES], skipped[LEM_REASON_BYTES];
};

struct lem_linux {
	const struct lem_host *host;
	struct lem_group group;	/* lem-traffic */
	pid_t server;
	int udp_fd;		/* a port that nobody reads */
	unsigned int tcp_port, udp_port;
	struct guest guest[LEM_VMMS][LEM_DRIVERS];
};

static int __attribute__((format(printf, 2, 3)))
guest_error(struct guest *g, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(g->error, sizeof(g->error), format, ap);
	va_end(ap);
	return -1;
}

/* ----------------------------------------------------------------- start */

static const char *
guest_driver(enum lem_driver driver)
{
	return driver == LEM_DRIVER_LEM ? "lem" :
	    driver == LEM_DRIVER_E1000  ? "e1000" :
					  "virtio_net";
}

static void
argv_qemu(struct lem_argv *c, const struct guest *g, const char *append,
    const struct lem_host *host, int control)
{
	static const char *const fixed[] = { "-m", "256M",
		/* With maxcpus=1 TCG drops every fence of the guest. */
		"-smp", "1,maxcpus=2", "-display", "none", "-vga", "none",
		"-nodefaults", "-no-user-config", "-no-reboot", "-chardev",
		"stdio,id=console,signal=off", "-serial", "chardev:console",
		"-mon", "chardev=qmp,mode=control",
		/* A hub with one port queues; with two, the second drops. */
		"-netdev", "hubport,id=n0,hubid=0", "-netdev",
		"hubport,id=s0,hubid=0", "-netdev", "user,id=n1" };
	bool kvm = lem_vmms[g->vmm.id].needs & 1u << LEM_NEED_KVM;
	size_t i;

	lem_argv_add(c, host->qemu);
	lem_argv_addf(c, "-accel", "%s", kvm ? "kvm" : "tcg");
	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		lem_argv_add(c, fixed[i]);
	lem_argv_addf(c, "-chardev", "socket,id=qmp,fd=%d", control);
	lem_argv_addf(c, "-kernel", "%s/vmlinuz", host->linux_dir);
	lem_argv_addf(c, "-initrd", "%s/guest.img", host->linux_dir);
	lem_argv_addf(c, "-append", "%s", append);
	/* In these slots the two NICs do not share an interrupt. */
	for (i = 0; i < NICS; i++)
		lem_argv_addf(c, "-device",
		    "%s,netdev=n%zu,addr=%zu,romfile=,"
		    "mac=52:54:00:00:00:0%zu",
		    lem_drivers[g->driver].nic == LEM_NIC_E1000 ?
			"e1000" :
			"virtio-net-pci,disable-legacy=on",
		    i, i + 2, i + 1);
}

static void
argv_lem_vm(struct lem_argv *c, const char *append, const struct lem_host *host,
    int control)
{
	lem_argv_add(c, host->lem_vm);
	lem_argv_add(c, "run");
	lem_argv_addf(c, "--memory", "256M");
	lem_argv_addf(c, "--kernel", "%s/vmlinux", host->linux_dir);
	lem_argv_addf(c, "--initrd", "%s/guest.img", host->linux_dir);
	lem_argv_addf(c, "--append", "%s", append);
	lem_argv_addf(c, "--control", "fd=%d", control);
	lem_argv_addf(c, "--nic", "backend=null,mac=52:54:00:00:00:01");
}

/* The VMM's ends of what it shares with us. */
struct ends {
	int serial, control, error;
};

static int
guest_channels(struct guest *g, struct ends *theirs)
{
	int serial[2], control[2], error[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, serial) != 0)
		return -errno;
	g->serial.fd = serial[0];
	theirs->serial = serial[1];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) != 0)
		return -errno;
	g->vmm.control_fd = control[0];
	theirs->control = control[1];
	if (pipe2(error, O_CLOEXEC) != 0)
		return -errno;
	g->vmm.console_fd = g->trace.fd = error[0];
	theirs->error = error[1];
	(void)fcntl(error[0], F_SETFL, O_NONBLOCK);
	return 0;
}

static int
guest_exec(struct guest *g, const struct lem_host *host,
    const struct ends *theirs)
{
	const int std[3] = { theirs->serial, theirs->serial, theirs->error };
	struct lem_argv argv;
	char append[200];

	memset(&argv, 0, sizeof(argv));
	(void)snprintf(append, sizeof(append),
	    "console=ttyS0 loglevel=4 panic=-1 no_timer_check tsc=reliable "
	    "lem.name=bench lem.do=bench lem.driver=%s",
	    guest_driver(g->driver));
	if (g->vmm.id == LEM_VMM_LEM_VM)
		argv_lem_vm(&argv, append, host, theirs->control);
	else
		argv_qemu(&argv, g, append, host, theirs->control);
	g->vmm.started = lem_now();
	g->vmm.pid = lem_process_start(&g->vmm.group, argv.arg, std,
	    &theirs->control, 1);
	if (g->vmm.pid > 0)
		return 0;
	g->vmm.pid = 0;
	return -errno;
}

static void
guest_start(struct guest *g, const struct lem_host *host)
{
	struct ends theirs = { -1, -1, -1 };
	/* The group's guard must not inherit the VMM's ends. */
	int error = lem_group_open(&g->vmm.group);

	if (error == 0)
		error = guest_channels(g, &theirs);
	if (error == 0)
		error = guest_exec(g, host, &theirs);
	if (error != 0)
		(void)guest_error(g, "cannot start %s: %s", g->vmm.name,
		    strerror(-error));
	if (theirs.serial >= 0)
		(void)close(theirs.serial);
	if (theirs.control >= 0)
		(void)close(theirs.control);
	if (theirs.error >= 0)
		(void)close(theirs.error);
}

static void
guest_init(struct guest *g, enum lem_vmm_id vmm, enum lem_driver driver)
{
	g->vmm.id = vmm;
	g->vmm.name = lem_vmms[vmm].program;
	g->vmm.group.fd = g->vmm.control_fd = g->vmm.console_fd = -1;
	g->vmm.net_fd = g->vmm.net_peer_fd = g->vmm.nic_control_fd = -1;
	g->serial.fd = g->trace.fd = -1;
	g->driver = driver;
}

static void
guest_stop(struct guest *g)
{
	lem_vmm_stop(&g->vmm);	/* g->trace.fd is its console_fd */
	if (g->serial.fd >= 0)
		(void)close(g->serial.fd);
	g->serial.fd = -1;
}

/* ----------------------------------------------------------------- lines */

/* The next line of what has come already, or NULL. */
static char *
stream_line(struct stream *in, char line[LINE_BYTES])
{
	char *end = memchr(in->text, '\n', in->used);
	size_t n;

	if (end == NULL)
		return NULL;
	n = (size_t)(end - in->text);
	memcpy(line, in->text, n);
	line[n] = '\0';
	if (n > 0 && line[n - 1] == '\r')
		line[n - 1] = '\0';
	in->used -= n + 1;
	memmove(in->text, end + 1, in->used);
	return line;
}

/* Read what has come.  Returns false at the end. */
static bool
stream_read(struct stream *in)
{
	ssize_t n;

	if (in->used == LINE_BYTES)
		in->used = 0;	/* none of our lines is so long */
	n = read(in->fd, in->text + in->used, LINE_BYTES - in->used);
	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN);
	in->used += (size_t)n;
	return true;
}

/*
 * QEMU has ended, or the guest does not answer.  Its serial port ends a moment
 * before it.
 */
static int
guest_lost(struct guest *g, const char *how, bool ends)
{
	double limit = lem_now() + 2;

	while (lem_vmm_alive(&g->vmm) == 0 && ends && lem_now() < limit)
		(void)usleep(10000);
	if (g->vmm.pid == 0)
		how = g->vmm.error;
	return guest_error(g, "the Linux guest %.90s; its last line: %.80s",
	    how, g->last[0] == '\0' ? "none" : g->last);
}

/* Wait for bytes of its serial port; meanwhile count what QEMU traces. */
static int
guest_wait(struct guest *g, double limit)
{
	struct pollfd fd[2] = { { g->serial.fd, POLLIN, 0 },
		{ g->traced.bar != 0 ? g->trace.fd : -1, POLLIN, 0 } };
	char line[LINE_BYTES];

	while (!lem_vmm_interrupted && lem_now() < limit) {
		if (poll(fd, 2, 500) < 0 && errno != EINTR)
			return guest_lost(g, "cannot be read", false);
		/* The trace first: it was written before. */
		if (fd[1].revents & POLLIN) {
			(void)stream_read(&g->trace);
			while (stream_line(&g->trace, line) != NULL)
				(void)lem_trace_line(&g->traced, line);
		} else if (fd[0].revents != 0) {
			if (stream_read(&g->serial))
				return 0;
			return guest_lost(g, "has ended", true);
		}
	}
	return guest_lost(g, "does not answer", false);
}

/* The rest of the next line that begins with "BENCH". */
static int
guest_answer(struct guest *g, double seconds, char line[LINE_BYTES])
{
	double limit = lem_now() + seconds;

	for (;;) {
		while (stream_line(&g->serial, line) != NULL) {
			if (line[0] != '\0')
				(void)snprintf(g->last, sizeof(g->last),
				    "%.100s", line);
			if (strncmp(line, "BENCH failed: ", 14) == 0)
				return guest_error(g, "the Linux guest: %.150s",
				    line + 14);
			if (strncmp(line, "BENCH", 5) == 0)
				return 0;
		}
		if (guest_wait(g, limit) != 0)
			return -1;
	}
}

/* The number of " key=" in an answer, or NAN. */
static double
value(const char *line, const char *key)
{
	char text[40];
	const char *at;

	(void)snprintf(text, sizeof(text), " %s=", key);
	at = strstr(line, text);
	return at == NULL ? NAN : strtod(at + strlen(text), NULL);
}

static double
accesses(const char *line)
{
	return value(line, "register_reads") + value(line, "register_writes");
}

/* --------------------------------------------------------------- windows */

struct window {
	const char *workload;
	unsigned int nic, port;
	const char *combining;	/* "on", "off", "-" */
	double seconds;
};

/* A window: its answer, and what the VMM used meanwhile. */
static int
guest_window(struct guest *g, const struct window *w, char line[LINE_BYTES],
    struct lem_vmm_usage *used)
{
	struct lem_vmm_usage was;
	unsigned int i;

	if (lem_vmm_usage(&g->vmm, &was) != 0)
		return guest_error(g, "%s", g->vmm.error);
	if (dprintf(g->serial.fd, "%s %u %s %.2f %u\n", w->workload, w->nic,
		w->combining, w->seconds, w->port) < 0)
		return guest_lost(g, "takes no commands", true);
	if (guest_answer(g, w->seconds + ANSWER_SECONDS, line) != 0)
		return -1;
	if (lem_vmm_usage(&g->vmm, used) != 0)
		return guest_error(g, "%s", g->vmm.error);
	used->exits -= was.exits;
	used->cpu_us -= was.cpu_us;
	for (i = 0; i < LEM_EXITS; i++)
		used->exits_by[i] -= was.exits_by[i];
	return 0;
}

static const char *
combining_word(const struct guest *g, enum lem_mit_mode mode)
{
	if (g->driver != LEM_DRIVER_LEM)
		return "-";
	return mode == LEM_MIT_OFF ? "off" : "on";
}

/* Wait until it has booted, and find out what a window costs by itself. */
static int
guest_ready(struct guest *g)
{
	bool kvm = lem_vmms[g->vmm.id].needs & 1u << LEM_NEED_KVM;
	double limit = g->vmm.started + (kvm ? KVM_BOOT_SECONDS : BOOT_SECONDS);
	struct window none = { "none", NIC_NULL, 0, "-", 0 };
	char line[LINE_BYTES];

	if (guest_answer(g, limit - lem_now(), line) != 0) {
		if (kvm && lem_vmm_alive(&g->vmm) == 0 && lem_now() >= limit)
			(void)snprintf(g->skipped, sizeof(g->skipped),
			    "Linux does not boot on this /dev/kvm (nested?) in "
			    "%.0f s",
			    KVM_BOOT_SECONDS);
		return -1;
	}
	g->vmm.boot_ms = (lem_now() - g->vmm.started) * 1e3;
	g->bar[NIC_NULL] = (uint64_t)value(line, "bar0");
	g->bar[NIC_USER] = (uint64_t)value(line, "bar1");
	none.combining = combining_word(g, LEM_MIT_OFF);
	if (kvm && lem_vmm_greet(&g->vmm) != 0)
		return guest_error(g, "%s", g->vmm.error);
	if (guest_window(g, &none, line, &g->idle) != 0)
		return -1;
	g->idle_registers = accesses(line);
	g->ready = true;
	return 0;
}

/* How many packets a window had; of TCP, full segments. */
static double
packets_of(const struct lem_cell *cell, const char *line)
{
	switch (cell->workload) {
	case LEM_WORKLOAD_TX:
		return value(line, "tx_packets");
	case LEM_WORKLOAD_TCP_TX:
	case LEM_WORKLOAD_TCP_RX:
		return value(line, "bytes") / SEGMENT_BYTES;
	default:
		return value(line, "count");
	}
}

/* What was used beyond an idle window, 0 at least; NAN stays. */
static double
beyond(double used, double idle)
{
	return used < idle ? 0 : used - idle;
}

static void
run_figures(struct lem_run *run, const struct lem_cell *cell,
    const struct guest *g, const char *line, const struct lem_vmm_usage *used)
{
	double n = packets_of(cell, line), us = value(line, "us");
	unsigned int i;

	*run = (struct lem_run){
		.kpps = n / us * 1e3,
		.mbit_s = value(line, "bytes") * 8 / us,
		.doorbells = value(line, "tx_doorbells") / n,
		.interrupts = value(line, "interrupts") / n,
		.interrupts_s = value(line, "interrupts") / us * 1e6,
		.registers = beyond(accesses(line), g->idle_registers) / n,
		.deferred = value(line, "tx_deferred") / n,
		.ring_full = value(line, "tx_restart_queue") / n,
		.exits = beyond(used->exits, g->idle.exits) / n,
		.host_cpu_us = beyond(used->cpu_us, g->idle.cpu_us) / n,
		.rtt_p50_us = value(line, "p50") / 1e3,
		.rtt_p99_us = value(line, "p99") / 1e3,
		.boot_ms = g->vmm.boot_ms,
		.packets = (uint64_t)n,
		.batch_max = NAN,
		.round_trips = NAN,
		.interrupt_us = NAN,
		.interrupt_share = NAN,
		.itr_end = NAN,
		.learned_us = NAN,
		.line_ns = NAN,
	};
	for (i = 0; i < LEM_EXITS; i++)
		run->exits_by[i] =
		    beyond(used->exits_by[i], g->idle.exits_by[i]) / n;
	if (g->driver == LEM_DRIVER_LEM)
		run->guard_flushes = (uint64_t)value(line, "tx_guard_flushes");
}

static struct window
window_of(const struct lem_linux *l, const struct guest *g,
    const struct lem_cell *cell, double seconds)
{
	bool null = cell->sink == LEM_SINK_NULL;

	return (struct window){ .workload = lem_workloads[cell->workload],
		.nic = null ? NIC_NULL : NIC_USER,
		.port = cell->workload == LEM_WORKLOAD_TX ? l->udp_port :
							    l->tcp_port,
		.combining = combining_word(g, cell->mit_enable),
		.seconds = seconds };
}

int
lem_linux_run(struct lem_linux *l, const struct lem_cell *cell, double seconds,
    struct lem_run *run, char *error, char *skipped)
{
	struct guest *g = &l->guest[cell->vmm][cell->driver];
	struct window w = window_of(l, g, cell, seconds);
	struct lem_vmm_usage used;
	char line[LINE_BYTES];
	int failed = -1;

	lem_vmm_running = g->vmm.group.pid;
	if (g->vmm.pid > 0 && !lem_vmm_interrupted &&
	    (g->ready || guest_ready(g) == 0))
		failed = guest_window(g, &w, line, &used);
	lem_vmm_running = 0;
	if (failed == 0 && !(packets_of(cell, line) > 0))
		failed = guest_error(g, "the Linux guest counted no packets");
	if (failed == 0) {
		run_figures(run, cell, g, line, &used);
		return 0;
	}
	if (g->skipped[0] != '\0') {
		(void)snprintf(skipped, LEM_REASON_BYTES, "%s", g->skipped);
		guest_stop(g);
	} else {
		(void)snprintf(error, LEM_REASON_BYTES, "%s", g->error);
	}
	return -1;
}

void
lem_linux_trace(struct lem_linux *l, const struct lem_cell *cell,
    double seconds, struct lem_run *run)
{
	struct guest *g = &l->guest[cell->vmm][cell->driver];
	struct window w = window_of(l, g, cell, seconds);
	struct lem_vmm_usage used;
	char line[LINE_BYTES];
	double n;

	if (!g->ready || g->vmm.pid <= 0 || lem_vmm_interrupted ||
	    cell->vmm == LEM_VMM_LEM_VM)
		return;
	g->traced.bar = g->bar[w.nic];
	g->traced.registers = g->traced.doorbells = 0;
	lem_vmm_running = g->vmm.group.pid;
	lem_trace_switch(g->vmm.control_fd, true);
	if (guest_window(g, &w, line, &used) == 0 && g->traced.registers > 0) {
		n = packets_of(cell, line);
		run->doorbells = (double)g->traced.doorbells / n;
		run->registers = (double)g->traced.registers / n;
	}
	lem_trace_switch(g->vmm.control_fd, false);
	lem_vmm_running = 0;
	g->traced.bar = 0;
}

/* ------------------------------------------------------------------- all */

/* A socket on a port of 127.0.0.1 that the kernel chooses. */
static int
local_socket(int type, unsigned int *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&at, len) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) != 0 ||
	    (type == SOCK_STREAM && listen(fd, 16) != 0)) {
		(void)close(fd);
		return -1;
	}
	*port = ntohs(at.sin_port);
	return fd;
}

/* Without it, the guests' answers say what is missing. */
static void
server_start(struct lem_linux *l)
{
	static const int std[3] = { -1, -1, -1 };
	int fd = local_socket(SOCK_STREAM, &l->tcp_port);
	struct lem_argv argv;

	l->udp_fd = local_socket(SOCK_DGRAM, &l->udp_port);
	if (fd < 0 || lem_group_open(&l->group) != 0)
		return;
	memset(&argv, 0, sizeof(argv));
	lem_argv_addf(&argv, NULL, "%s/bin/lem-traffic", l->host->linux_dir);
	lem_argv_add(&argv, "serve");
	lem_argv_addf(&argv, NULL, "fd=%d", fd);
	lem_argv_add(&argv, "lo");
	l->server = lem_process_start(&l->group, argv.arg, std, &fd, 1);
	(void)close(fd);
}

struct lem_linux *
lem_linux_open(const struct lem_results *r, const struct lem_host *host)
{
	struct lem_linux *l = calloc(1, sizeof(*l));
	const struct lem_cell *c;
	struct guest *g;

	if (l == NULL)
		return NULL;
	l->host = host;
	l->group.fd = l->udp_fd = -1;
	server_start(l);
	for (c = r->cell; c < r->cell + r->cells; c++) {
		g = &l->guest[c->vmm][c->driver];
		if (c->guest != LEM_GUEST_LINUX || c->skipped[0] != '\0' ||
		    g->vmm.name != NULL)
			continue;
		guest_init(g, c->vmm, c->driver);
		guest_start(g, host);
	}
	return l;
}

void
lem_linux_close(struct lem_linux *l)
{
	unsigned int vmm, driver;

	if (l == NULL)
		return;
	for (vmm = 0; vmm < LEM_VMMS; vmm++)
		for (driver = 0; driver < LEM_DRIVERS; driver++)
			if (l->guest[vmm][driver].vmm.name != NULL)
				guest_stop(&l->guest[vmm][driver]);
	lem_group_kill(&l->group);
	if (l->server > 0)
		(void)waitpid(l->server, NULL, 0);
	if (l->udp_fd >= 0)
		(void)close(l->udp_fd);
	free(l);
}
