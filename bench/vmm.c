/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

#define BOOT_TIMEOUT_MS	10000u
#define ANSWER_TIMEOUT_MS 5000
#define RING_SIZE	256u

extern const uint8_t lem_guest_image[], lem_guest_image_end[];

volatile pid_t lem_vmm_running;
volatile sig_atomic_t lem_vmm_interrupted;

static int __attribute__((format(printf, 2, 3)))
vmm_error(struct lem_vmm *vmm, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(vmm->error, sizeof(vmm->error), format, ap);
	va_end(ap);
	return -1;
}

/* --------------------------------------------------------------- control */

/*
 * Send a command and read up to the line that answers it; ignore events and the
 * greeting.  Returns 0; 1 if the VMM refuses the command; -1 with vmm->error
 * set.
 */
static int
control_ask(struct lem_vmm *vmm, const char *command, char *reply,
    size_t reply_bytes)
{
	struct pollfd pfd = { .fd = vmm->control_fd, .events = POLLIN };
	size_t used = 0;
	char *line, *end;
	ssize_t n;

	if (send(vmm->control_fd, command, strlen(command), MSG_NOSIGNAL) < 0)
		return vmm_error(vmm, "control socket of %s: %s", vmm->name,
		    strerror(errno));
	for (;;) {
		if (poll(&pfd, 1, ANSWER_TIMEOUT_MS) <= 0)
			return vmm_error(vmm,
			    "%s does not answer on its control socket (%d s)",
			    vmm->name, ANSWER_TIMEOUT_MS / 1000);
		n = read(vmm->control_fd, reply + used, reply_bytes - used - 1);
		if (n <= 0)
			return vmm_error(vmm, "%s closed its control socket",
			    vmm->name);
		used += (size_t)n;
		reply[used] = '\0';
		for (line = reply; (end = strchr(line, '\n')) != NULL;
		    line = end + 1) {
			*end = '\0';
			if (strncmp(line, "{\"return\"", 9) == 0 ||
			    strncmp(line, "{\"exits\"", 8) == 0) {
				memmove(reply, line, strlen(line) + 1);
				return 0;
			}
			if (strncmp(line, "{\"error\"", 8) == 0)
				return 1;
		}
		used = strlen(line);
		memmove(reply, line, used + 1);
		if (used + 1 >= reply_bytes)
			return vmm_error(vmm,
			    "%s sends a line over 16 KB on its control socket",
			    vmm->name);
	}
}

/*
 * "exits" of the first (only) CPU in the answer to query-stats; NAN where QEMU
 * (before 7.1) or the kernel (before 5.14) does not count exits.
 */
static int
qmp_exits(struct lem_vmm *vmm, double *exits)
{
	static const char command[] =
	    "{\"execute\":\"query-stats\",\"arguments\":{\"target\":\"vcpu\","
	    "\"providers\":[{\"provider\":\"kvm\",\"names\":[\"exits\"]}]}}\n";
	char reply[16384];
	const char *value;
	int refused;

	refused = control_ask(vmm, command, reply, sizeof(reply));
	if (refused < 0)
		return -1;
	value = refused ? NULL : strstr(reply, "\"value\": ");
	*exits = value == NULL ? NAN : strtod(value + 9, NULL);
	return 0;
}

/* The same of lem-vm: "{"exits":N,...", null where KVM does not count. */
static int
lem_vm_exits(struct lem_vmm *vmm, double *exits)
{
	static const char key[] = "{\"exits\":";
	char reply[16384] = "";
	int refused = control_ask(vmm, "stats\n", reply, sizeof(reply));
	const char *value = reply + strlen(key);

	if (refused < 0)
		return -1;
	if (refused > 0 || strncmp(reply, key, strlen(key)) != 0)
		return vmm_error(vmm,
		    "lem-vm does not answer \"stats\" with its exits");
	*exits = *value == 'n' ? NAN : strtod(value, NULL);
	return 0;
}

/* ------------------------------------------------------------------ start */

static int
make_memfd(struct lem_vmm *vmm, const char *name, size_t bytes, void **map)
{
	int fd = memfd_create(name, 0);

	if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0) {
		(void)vmm_error(vmm, "no memory for the guest: %s",
		    strerror(errno));
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	*map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (*map == MAP_FAILED) {
		(void)vmm_error(vmm, "no memory for the guest: %s",
		    strerror(errno));
		(void)close(fd);
		*map = NULL;
		return -1;
	}
	return fd;
}

/* The descriptors the VMM inherits. */
struct inherited {
	int ram, rom, control, net, console;
};

static void
inherited_close(struct inherited *in)
{
	int *fd[] = { &in->ram, &in->rom, &in->control, &in->net,
		&in->console };
	size_t i;

	for (i = 0; i < sizeof(fd) / sizeof(fd[0]); i++) {
		if (*fd[i] >= 0)
			(void)close(*fd[i]);
		*fd[i] = -1;
	}
}

/* A socket pair, our end close-on-exec. */
static int
make_pair(struct lem_vmm *vmm, int type, int *ours, int *theirs)
{
	int pair[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) != 0)
		return vmm_error(vmm, "socketpair: %s", strerror(errno));
	*ours = pair[0];
	*theirs = dup(pair[1]);		/* without close-on-exec */
	(void)close(pair[1]);
	return *theirs < 0 ? vmm_error(vmm, "dup: %s", strerror(errno)) : 0;
}

static int
make_channels(struct lem_vmm *vmm, const struct lem_cell *cell,
    struct inherited *in)
{
	size_t rom_bytes = (size_t)(lem_guest_image_end - lem_guest_image);
	int pipefd[2];
	void *rom;

	in->ram =
	    make_memfd(vmm, "lem-ram", LEM_GUEST_RAM_BYTES, (void **)&vmm->ram);
	in->rom =
	    in->ram < 0 ? -1 : make_memfd(vmm, "lem-rom", rom_bytes, &rom);
	if (in->rom < 0)
		return -1;
	memcpy(rom, lem_guest_image, rom_bytes);
	(void)munmap(rom, rom_bytes);
	if (make_pair(vmm, SOCK_STREAM, &vmm->control_fd, &in->control) != 0)
		return -1;
	if (cell->sink != LEM_SINK_NULL) {
		if (make_pair(vmm, SOCK_DGRAM, &vmm->net_fd, &in->net) != 0)
			return -1;
		vmm->net_peer_fd = fcntl(in->net, F_DUPFD_CLOEXEC, 0);
		if (vmm->net_peer_fd < 0)
			return vmm_error(vmm, "dup: %s", strerror(errno));
	}
	if (pipe2(pipefd, O_CLOEXEC) != 0)
		return vmm_error(vmm, "pipe: %s", strerror(errno));
	vmm->console_fd = pipefd[0];
	(void)fcntl(vmm->console_fd, F_SETFL, O_NONBLOCK);
	in->console = pipefd[1];
	return 0;
}

static void
fill_box(struct lem_mailbox *box, const struct lem_cell *cell, uint64_t tsc_hz)
{
	box->tsc_hz = tsc_hz;
	box->nic = lem_drivers[cell->driver].nic;
	box->workload = cell->workload;
	box->frame_bytes = cell->frame;
	box->ring_size = RING_SIZE;
	box->mit_enable = cell->mit_enable;
	box->itr = cell->itr;
	box->polled = lem_rows[cell->row].polled;
	box->interrupt_only = lem_rows[cell->row].interrupt_only;
	box->magic = LEM_MAILBOX_MAGIC;
}

#define ARGS_MAX	64

/* A command line; strings that vary are kept in `text`. */
struct command {
	char *argv[ARGS_MAX];
	int argc;
	char text[8][256];
	int texts;
};

static void
command_arg(struct command *c, const char *value)
{
	if (c->argc < ARGS_MAX - 1)
		c->argv[c->argc++] = (char *)(uintptr_t)value;
}

static void __attribute__((format(printf, 3, 4)))
command_argf(struct command *c, const char *option, const char *format, ...)
{
	char *text = c->text[c->texts++];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(c->text[0]), format, ap);
	va_end(ap);
	command_arg(c, option);
	command_arg(c, text);
}

static void
command_qemu(struct command *c, const struct lem_cell *cell,
    const struct inherited *in, const struct lem_host *host)
{
	static const char *const fixed[] = { "-cpu", "qemu64,-sse3", "-machine",
		"pc,memory-backend=ram", "-m", "64M",
		/* With maxcpus=1 TCG drops every fence of the guest. */
		"-smp", "1,maxcpus=2", "-display", "none", "-vga", "none",
		"-nodefaults", "-no-user-config", "-no-reboot", "-chardev",
		"stdio,id=console,signal=off", "-device",
		"isa-debugcon,iobase=0x402,chardev=console", "-device",
		"isa-debug-exit,iobase=0xf4,iosize=4", "-mon",
		"chardev=qmp,mode=control" };
	size_t i;

	command_arg(c, host->qemu);
	command_arg(c, "-accel");
	command_arg(c,
	    lem_vmms[cell->vmm].needs & 1u << LEM_NEED_KVM ? "kvm" : "tcg");
	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		command_arg(c, fixed[i]);
	command_argf(c, "-object",
	    "memory-backend-file,id=ram,share=on,size=%u,"
	    "mem-path=/proc/self/fd/%d",
	    LEM_GUEST_RAM_BYTES, in->ram);
	command_argf(c, "-bios", "/proc/self/fd/%d", in->rom);
	command_argf(c, "-chardev", "socket,id=qmp,fd=%d", in->control);
	if (in->net >= 0) {
		command_argf(c, "-netdev",
		    "dgram,id=net0,local.type=fd,local.str=%d", in->net);
	} else {
		/* A hub with one port queues; with two, the second drops. */
		command_arg(c, "-netdev");
		command_arg(c, "hubport,id=net0,hubid=0");
		command_arg(c, "-netdev");
		command_arg(c, "hubport,id=net1,hubid=0");
	}
	if (lem_drivers[cell->driver].nic == LEM_NIC_E1000)
		command_argf(c, "-device",
		    "e1000,netdev=net0,romfile=,"
		    "mac=52:54:00:12:34:56%s",
		    !lem_host_has(host, LEM_NEED_MITIGATION) ? "" :
			cell->moderation ? ",mitigation=on" :
					    ",mitigation=off");
	else
		command_argf(c, "-device",
		    "virtio-net-pci,netdev=net0,romfile=,"
		    "mac=52:54:00:12:34:56,disable-legacy=on");
}

static void
command_lem_vm(struct command *c, const struct lem_cell *cell,
    const struct inherited *in, const struct lem_host *host)
{
	char backend[32] = "null";

	if (in->net >= 0)
		(void)snprintf(backend, sizeof(backend), "dgram,fd=%d",
		    in->net);
	command_arg(c, host->lem_vm);
	command_arg(c, "run");
	command_arg(c, "--memory");
	command_arg(c, "64M");
	command_argf(c, "--memory-fd", "%d", in->ram);
	command_argf(c, "--bios", "/proc/self/fd/%d", in->rom);
	command_argf(c, "--control", "fd=%d", in->control);
	command_argf(c, "--nic", "moderation=%s,doorbell=%s,backend=%s",
	    cell->moderation ? "on" : "off", lem_doorbells[cell->doorbell],
	    backend);
}

/* QMP takes commands only after this one. */
static int
qmp_greet(struct lem_vmm *vmm)
{
	char reply[16384];
	int refused = control_ask(vmm, "{\"execute\":\"qmp_capabilities\"}\n",
	    reply, sizeof(reply));

	return refused > 0 ? vmm_error(vmm, "QEMU refuses QMP") : refused;
}

/*
 * What each VMM does differently.  greet: the first talk on the control socket;
 * exits: those of the guest's CPU so far.  NULL: nothing to do, none to count.
 */
static const struct vmm_methods {
	void (*command)(struct command *c, const struct lem_cell *cell,
	    const struct inherited *in, const struct lem_host *host);
	int (*greet)(struct lem_vmm *vmm);
	int (*exits)(struct lem_vmm *vmm, double *exits);
} methods[LEM_VMMS] = {
	[LEM_VMM_KVM] = { command_qemu, qmp_greet, qmp_exits },
	[LEM_VMM_TCG] = { command_qemu, qmp_greet, NULL },
	[LEM_VMM_LEM_VM] = { command_lem_vm, NULL, lem_vm_exits },
};

static void __attribute__((noreturn))
exec_vmm(struct command *c, const struct inherited *in, pid_t parent)
{
	int null = open("/dev/null", O_RDONLY);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	(void)setpgid(0, 0);	/* Ctrl-C goes to lem-bench alone */
	if (null < 0 || in->console < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(in->console, STDOUT_FILENO) < 0 ||
	    dup2(in->console, STDERR_FILENO) < 0)
		_exit(127);
	execvp(c->argv[0], c->argv);
	(void)dprintf(STDERR_FILENO, "%s: %s\n", c->argv[0], strerror(errno));
	_exit(127);
}

/* The last line that a VMM printed before it ended, for an error message. */
static void
last_words(struct lem_vmm *vmm, char *out, size_t out_bytes)
{
	const char *line = "it printed nothing";
	char text[4096], *p;
	ssize_t n = 0, got;

	while (n < (ssize_t)sizeof(text) - 1) {
		got = read(vmm->console_fd, text + n,
		    sizeof(text) - 1 - (size_t)n);
		if (got <= 0)
			break;
		n += got;
	}
	text[n] = '\0';
	for (p = strtok(text, "\n"); p != NULL; p = strtok(NULL, "\n"))
		if (strstr(p, "warning:") == NULL)
			line = p;
	(void)snprintf(out, out_bytes, "%s", line);
}

int
lem_vmm_alive(struct lem_vmm *vmm)
{
	char words[120];
	int status;

	if (waitpid(vmm->pid, &status, WNOHANG) == 0)
		return 0;
	lem_vmm_running = 0;
	vmm->pid = 0;
	last_words(vmm, words, sizeof(words));
	return WIFSIGNALED(status) ?
	    vmm_error(vmm, "%s was killed by signal %d: %s", vmm->name,
		WTERMSIG(status), words) :
	    vmm_error(vmm, "%s ended with status %d: %s", vmm->name,
		WEXITSTATUS(status), words);
}

int
lem_vmm_wait(struct lem_vmm *vmm, enum lem_box_state state,
    unsigned int timeout_ms)
{
	static const char *const doing[] = { "booting", "warming up",
		"waiting to start", "in its workload", "waiting to finish",
		"done", "failed" };
	double limit = lem_now() + timeout_ms / 1e3;

	for (;;) {
		if (vmm->box->state == LEM_BOX_FAILED)
			return vmm_error(vmm, "guest: %.150s", vmm->box->error);
		if (vmm->box->state >= state)
			return 0;
		if (lem_vmm_alive(vmm) != 0)
			return -1;
		if (lem_now() > limit)
			return vmm_error(vmm, "the guest hangs %s (%u s)",
			    doing[vmm->box->state % 7], timeout_ms / 1000);
		(void)usleep(200);
	}
}

int
lem_vmm_start(struct lem_vmm *vmm, const struct lem_cell *cell,
    const struct lem_host *host)
{
	struct inherited in = { -1, -1, -1, -1, -1 };
	struct command command;
	pid_t parent = getpid();
	int error;

	memset(vmm, 0, sizeof(*vmm));
	vmm->id = cell->vmm;
	vmm->name = lem_vmms[cell->vmm].program;
	vmm->control_fd = vmm->console_fd = vmm->net_fd = vmm->net_peer_fd = -1;
	error = make_channels(vmm, cell, &in);
	if (error != 0)
		goto close_inherited;
	vmm->box = (struct lem_mailbox *)(void *)(vmm->ram + LEM_MAILBOX_PA);
	fill_box(vmm->box, cell, host->tsc_hz);
	memset(&command, 0, sizeof(command));
	methods[cell->vmm].command(&command, cell, &in, host);
	vmm->started = lem_now();
	vmm->pid = fork();
	if (vmm->pid == 0)
		exec_vmm(&command, &in, parent);
	if (vmm->pid < 0) {
		vmm->pid = 0;
		error = vmm_error(vmm, "fork: %s", strerror(errno));
		goto close_inherited;
	}
	lem_vmm_running = vmm->pid;
	(void)setpgid(vmm->pid, vmm->pid); /* as the child does, in any order */
	if (lem_vmm_interrupted)	/* before the handler knew the pid */
		(void)kill(-vmm->pid, SIGKILL);
close_inherited:
	inherited_close(&in);
	if (error != 0)
		lem_vmm_stop(vmm);
	return error;
}

int
lem_vmm_up(struct lem_vmm *vmm)
{
	if (lem_vmm_wait(vmm, LEM_BOX_UP, BOOT_TIMEOUT_MS) != 0)
		return -1;
	vmm->boot_ms = (lem_now() - vmm->started) * 1e3;
	/*
	 * QEMU queues, and then drops, what a full socket does not take.  Let
	 * the socket block: the rate is then that of the receiver.  (lem-vm
	 * asks in each call not to wait.)
	 */
	if (vmm->net_peer_fd >= 0 &&
	    fcntl(vmm->net_peer_fd, F_SETFL,
		fcntl(vmm->net_peer_fd, F_GETFL) & ~O_NONBLOCK) != 0)
		return vmm_error(vmm, "fcntl: %s", strerror(errno));
	return 0;
}

int
lem_vmm_greet(struct lem_vmm *vmm)
{
	return methods[vmm->id].greet == NULL ? 0 : methods[vmm->id].greet(vmm);
}

int
lem_vmm_usage(struct lem_vmm *vmm, struct lem_vmm_usage *usage)
{
	struct timespec t;
	clockid_t clock;

	usage->exits = NAN;
	if (clock_getcpuclockid(vmm->pid, &clock) != 0 ||
	    clock_gettime(clock, &t) != 0)
		return vmm_error(vmm, "%s has no CPU clock: it has ended",
		    vmm->name);
	usage->cpu_us = (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
	if (methods[vmm->id].exits == NULL)
		return 0;
	return methods[vmm->id].exits(vmm, &usage->exits);
}

void
lem_vmm_kill(struct lem_vmm *vmm)
{
	lem_vmm_running = 0;
	if (vmm->pid > 0) {
		(void)kill(-vmm->pid, SIGKILL); /* and a script's child */
		(void)waitpid(vmm->pid, NULL, 0);
		vmm->pid = 0;
	}
}

void
lem_vmm_stop(struct lem_vmm *vmm)
{
	int *fd[] = { &vmm->control_fd, &vmm->console_fd, &vmm->net_fd,
		&vmm->net_peer_fd };
	size_t i;

	lem_vmm_kill(vmm);
	if (vmm->ram != NULL) {
		(void)munmap(vmm->ram, LEM_GUEST_RAM_BYTES);
		vmm->ram = NULL;
		vmm->box = NULL;
	}
	for (i = 0; i < sizeof(fd) / sizeof(fd[0]); i++) {
		if (*fd[i] >= 0)
			(void)close(*fd[i]);
		*fd[i] = -1;
	}
}
