/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QEMU's device, by the qtest protocol (QEMU's docs/devel/testing/qtest): a
 * line of text each way a command.  Its network is a pair of datagram sockets.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diff.h"

#define BAR0		0xfe000000u
#define IO_BASE		0xc000u
#define DEVFN		0x80001000u	/* 00:02.0 in 0xcf8 */
#define ANSWER_MS	20000
#define BIOS_BYTES	65536
#define PIT_HZ		1193182ull	/* the PC's interval timer */
#define PIT_MAX_NS	(50 * MS)
#define TIMER_POLLS	1000000u
/* Commands after which QEMU's loop has been through all it can read. */
#define FRAME_ROUNDS	12u

struct qemu {
	pid_t pid;
	int qtest;
	int wire;
	bool exact;
	char in[1 << 16];
	size_t in_len;
};

const uint8_t test_mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

static void
qemu_die(const char *what)
{
	fprintf(stderr, "QEMU: %s\n", what);
	exit(2);
}

/* What the processor runs at its reset vector: cli; hlt; back to hlt. */
static int
bios_make(void)
{
	static const uint8_t code[] = { 0xfa, 0xf4, 0xeb, 0xfd };
	int fd = memfd_create("bios", 0);

	if (fd < 0 || ftruncate(fd, BIOS_BYTES) != 0 ||
	    pwrite(fd, code, sizeof(code), BIOS_BYTES - 16) !=
		(ssize_t)sizeof(code))
		qemu_die("memfd");
	return fd;
}

static void
qemu_exec(const char *program, const char *chip, bool exact, int qtest,
    int wire)
{
	static char bios[32], netdev[64], device[96];
	char *args[] = { (char *)program, "-M", "pc", "-m", "16", "-display",
		"none", "-nodefaults", "-no-user-config", "-bios", bios,
		"-netdev", netdev, "-device", device, "-qtest", "stdio",
		"-qtest-log", "none", "-accel", exact ? "qtest" : "tcg",
		exact ? NULL : "-icount", "shift=7,sleep=off", NULL };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(bios, sizeof(bios), "/proc/self/fd/%d", bios_make());
	snprintf(netdev, sizeof(netdev),
	    "dgram,id=n,local.type=fd,local.str=%d", wire);
	snprintf(device, sizeof(device),
	    "%s,netdev=n,addr=02.0,romfile=,mac=52:54:00:12:34:56", chip);
	if (dup2(qtest, 0) < 0 || dup2(qtest, 1) < 0)
		_exit(127);
	execvp(program, args);
	_exit(127);
}

/* A line of QEMU's, without its end; valid until the next call. */
static char *
line_get(struct qemu *q)
{
	static char line[sizeof(q->in)];
	struct pollfd fd = { .fd = q->qtest, .events = POLLIN };
	char *end;
	ssize_t n;

	while ((end = memchr(q->in, '\n', q->in_len)) == NULL) {
		if (q->in_len == sizeof(q->in) || poll(&fd, 1, ANSWER_MS) <= 0)
			qemu_die("no answer");
		n = read(q->qtest, q->in + q->in_len,
		    sizeof(q->in) - q->in_len);
		if (n <= 0)
			return NULL;
		q->in_len += n;
	}
	memcpy(line, q->in, end - q->in);
	line[end - q->in] = '\0';
	q->in_len -= end + 1 - q->in;
	memmove(q->in, end + 1, q->in_len);
	return line;
}

/* ask: a command, its answer after "OK", or NULL. */
__attribute__((format(printf, 2, 3))) static char *
ask(struct qemu *q, const char *format, ...)
{
	char command[4096];
	va_list args;
	char *line;
	int n;

	va_start(args, format);
	n = vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	command[n++] = '\n';
	if (write(q->qtest, command, n) != n)
		qemu_die("has ended");
	line = line_get(q);
	if (line == NULL || strncmp(line, "OK", 2) != 0)
		return NULL;
	return line + 2;
}

static uint32_t
answer_number(const char *answer)
{
	if (answer == NULL)
		qemu_die("refused a command");
	return strtoull(answer, NULL, 0);
}

static void
answer_done(const char *answer)
{
	if (answer == NULL)
		qemu_die("refused a command");
}

/* As a BIOS would: BARs, and let it answer and be a bus master. */
static void
pci_setup(struct qemu *q)
{
	qemu_pci_write(q, 0x10, BAR0);
	qemu_pci_write(q, 0x14, IO_BASE);
	qemu_pci_write(q, 0x04,
	    E82540_PCI_IO | E82540_PCI_MEMORY | E82540_PCI_MASTER);
	/* The PC's interval timer: one shot, not started. */
	answer_done(ask(q, "outb 0x43 0x30"));
}

struct qemu *
qemu_start(const char *program, const char *chip, bool exact)
{
	struct qemu *q = calloc(1, sizeof(*q));
	int qtest[2], wire[2];

	if (q == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, qtest) != 0 ||
	    socketpair(AF_UNIX, SOCK_DGRAM, 0, wire) != 0)
		qemu_die("no sockets");
	fcntl(qtest[0], F_SETFD, FD_CLOEXEC);
	fcntl(wire[0], F_SETFD, FD_CLOEXEC);
	q->exact = exact;
	q->qtest = qtest[0];
	q->wire = wire[0];
	q->pid = fork();
	if (q->pid == 0)
		qemu_exec(program, chip, exact, qtest[1], wire[1]);
	close(qtest[1]);
	close(wire[1]);
	signal(SIGPIPE, SIG_IGN);
	if (q->pid < 0 || ask(q, "inl 0xcf8") == NULL) {
		qemu_stop(q);
		return NULL;
	}
	pci_setup(q);
	return q;
}

void
qemu_stop(struct qemu *q)
{
	close(q->qtest);
	close(q->wire);
	if (q->pid > 0) {
		kill(q->pid, SIGKILL);
		waitpid(q->pid, NULL, 0);
	}
	free(q);
}

uint32_t
qemu_read(struct qemu *q, uint32_t offset)
{
	return answer_number(ask(q, "readl 0x%x", BAR0 + offset));
}

void
qemu_write(struct qemu *q, uint32_t offset, uint32_t value)
{
	answer_done(ask(q, "writel 0x%x 0x%x", BAR0 + offset, value));
}

uint32_t
qemu_narrow_read(struct qemu *q, uint32_t offset, unsigned int bytes)
{
	return answer_number(
	    ask(q, "read%c 0x%x", bytes == 1 ? 'b' : 'w', BAR0 + offset));
}

void
qemu_narrow_write(struct qemu *q, uint32_t offset, unsigned int bytes,
    uint32_t value)
{
	answer_done(ask(q, "write%c 0x%x 0x%x", bytes == 1 ? 'b' : 'w',
	    BAR0 + offset, value));
}

uint32_t
qemu_pci_read(struct qemu *q, uint32_t offset)
{
	answer_done(ask(q, "outl 0xcf8 0x%x", DEVFN | offset));
	return answer_number(ask(q, "inl 0xcfc"));
}

void
qemu_pci_write(struct qemu *q, uint32_t offset, uint32_t value)
{
	answer_done(ask(q, "outl 0xcf8 0x%x", DEVFN | offset));
	answer_done(ask(q, "outl 0xcfc 0x%x", value));
}

uint32_t
qemu_io_read(struct qemu *q, uint32_t offset)
{
	return answer_number(ask(q, "inl 0x%x", IO_BASE + offset));
}

void
qemu_io_write(struct qemu *q, uint32_t offset, uint32_t value)
{
	answer_done(ask(q, "outl 0x%x 0x%x", IO_BASE + offset, value));
}

void
qemu_mem_read(struct qemu *q, uint32_t gpa, void *buf, uint32_t len)
{
	uint8_t *out = buf;
	uint32_t i, n;
	char *hex;

	for (; len > 0; len -= n, gpa += n, out += n) {
		n = len < 16384 ? len : 16384;
		hex = ask(q, "read 0x%x 0x%x", gpa, n);
		answer_done(hex);
		for (i = 0; i < n; i++)
			sscanf(hex + 3 + 2 * i, "%2hhx", &out[i]);
	}
}

void
qemu_mem_write(struct qemu *q, uint32_t gpa, const void *buf, uint32_t len)
{
	const uint8_t *in = buf;
	char hex[2 * 1024 + 1];
	uint32_t i, n;

	for (; len > 0; len -= n, gpa += n, in += n) {
		n = len < 1024 ? len : 1024;
		for (i = 0; i < n; i++)
			snprintf(hex + 2 * i, 3, "%02x", in[i]);
		answer_done(ask(q, "write 0x%x 0x%x 0x%s", gpa, n, hex));
	}
}

/*
 * Without the exact clock: the interval timer counts down once, and when its
 * output is up, so much time has passed in QEMU, and whatever was due is done.
 */
static void
timer_run(struct qemu *q, uint64_t ns)
{
	unsigned int count = 1 + ns * PIT_HZ / 1000000000, i;

	answer_done(
	    ask(q, "outb 0x43 0x30")); /* counter 0, two bytes, mode 0 */
	answer_done(ask(q, "outb 0x40 0x%x", count & 0xff));
	answer_done(ask(q, "outb 0x40 0x%x", count >> 8));
	for (i = 0; i < TIMER_POLLS; i++) {
		answer_done(ask(q, "outb 0x43 0xe2"));	/* latch its status */
		if (answer_number(ask(q, "inb 0x40")) & 0x80)
			return;
	}
	qemu_die("the clock does not advance");
}

void
qemu_clock(struct qemu *q, uint64_t ns)
{
	uint64_t step;

	if (q->exact) {
		answer_done(ask(q, "clock_step %llu", (unsigned long long)ns));
		return;
	}
	for (; ns > 0; ns -= step) {
		step = ns < PIT_MAX_NS ? ns : PIT_MAX_NS;
		timer_run(q, step);
	}
}

/* Interrupt Status of PCI's status register: the level of INTA#. */
bool
qemu_line(struct qemu *q)
{
	return (qemu_pci_read(q, 0x04) & 1u << 19) != 0;
}

/*
 * QEMU's loop serves commands and network: after some commands QEMU has taken
 * the frame and handled it, or QEMU does not take frames now, and it waits.
 */
void
qemu_frame_in(struct qemu *q, const void *frame, uint32_t len)
{
	unsigned int i;

	if (send(q->wire, frame, len, 0) != (ssize_t)len)
		qemu_die("does not take a frame");
	for (i = 0; i < FRAME_ROUNDS; i++)
		answer_done(ask(q, "inl 0xcf8"));
}

int
qemu_frame_out(struct qemu *q, void *frame)
{
	return recv(q->wire, frame, FRAME_MAX, MSG_DONTWAIT);
}
