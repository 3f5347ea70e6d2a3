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
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "argv.h"
#include "clock.h"
#include "process.h"

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
 * Send a command to a program by its control socket, and read up to the line
 * that begins as an answer does; ignore events and QMP's greeting.  Returns 0;
 * 1 if it refuses the command; -1 with vmm->error set.
 */
static int
control_ask(struct lem_vmm *vmm, const char *name, int fd, const char *command,
    const char *answer, char *reply, size_t reply_bytes)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	size_t used = 0;
	char *line, *end;
	ssize_t n;

	if (send(fd, command, strlen(command), MSG_NOSIGNAL) < 0)
		return vmm_error(vmm, "control socket of %s: %s", name,
		    strerror(errno));
	for (;;) {
		if (poll(&pfd, 1, ANSWER_TIMEOUT_MS) <= 0)
			return vmm_error(vmm,
			    "%s does not answer on its control socket (%d s)",
			    name, ANSWER_TIMEOUT_MS / 1000);
		n = read(fd, reply + used, reply_bytes - used - 1);
		if (n <= 0)
			return vmm_error(vmm, "%s closed its control socket",
			    name);
		used += (size_t)n;
		reply[used] = '\0';
		for (line = reply; (end = strchr(line, '\n')) != NULL;
		    line = end + 1) {
			*end = '\0';
			if (strncmp(line, "{\"error\"", 8) == 0)
				return 1;
			if (strncmp(line, answer, strlen(answer)) == 0) {
				memmove(reply, line, strlen(line) + 1);
				return 0;
			}
		}
		used = strlen(line);
		memmove(reply, line, used + 1);
		if (used + 1 >= reply_bytes)
			return vmm_error(vmm,
			    "%s sends a line over 16 KB on its control socket",
			    name);
	}
}

static int
qmp_ask(struct lem_vmm *vmm, const char *command, char *reply,
    size_t reply_bytes)
{
	return control_ask(vmm, vmm->name, vmm->control_fd, command,
	    "{\"return\"", reply, reply_bytes);
}

/* The number behind `key` in an answer, NAN if it has none. */
static double
answer_number(const char *answer, const char *key)
{
	const char *value = strstr(answer, key);

	if (value == NULL || value[strlen(key)] == 'n')
		return NAN;
	return strtod(value + strlen(key), NULL);
}

/*
 * Exits of the first (only) CPU, from the answer to query-stats; NAN where QEMU
 * (before 7.1) or the kernel (before 5.14) does not count them.
 */
static int
qmp_exits(struct lem_vmm *vmm, struct lem_vmm_usage *usage)
{
	static const char command[] =
	    "{\"execute\":\"query-stats\",\"arguments\":{\"target\":\"vcpu\","
	    "\"providers\":[{\"provider\":\"kvm\",\"names\":[\"exits\","
	    "\"irq_exits\",\"irq_window_exits\",\"mmio_exits\",\"io_exits\","
	    "\"halt_exits\"]}]}}\n";
	static const char *const keys[LEM_EXITS] = {
		[LEM_EXITS_IRQ] = "\"irq_exits\", \"value\": ",
		[LEM_EXITS_IRQ_WINDOW] = "\"irq_window_exits\", \"value\": ",
		[LEM_EXITS_MMIO] = "\"mmio_exits\", \"value\": ",
		[LEM_EXITS_IO] = "\"io_exits\", \"value\": ",
		[LEM_EXITS_HALT] = "\"halt_exits\", \"value\": ",
	};
	char reply[16384] = "";
	unsigned int i;

	if (qmp_ask(vmm, command, reply, sizeof(reply)) < 0)
		return -1;
	usage->exits = answer_number(reply, "\"exits\", \"value\": ");
	for (i = 0; i < LEM_EXITS; i++)
		usage->exits_by[i] = answer_number(reply, keys[i]);
	return 0;
}

/* The same of lem-vm: "{"exits":N,...", null where KVM does not count. */
static int
lem_vm_exits(struct lem_vmm *vmm, struct lem_vmm_usage *usage)
{
	static const char key[] = "{\"exits\":";
	static const char *const keys[LEM_EXITS] = {
		[LEM_EXITS_IRQ] = "\"irq\":",
		[LEM_EXITS_IRQ_WINDOW] = "\"irq_window\":",
		[LEM_EXITS_MMIO] = "\"mmio\":",
		[LEM_EXITS_IO] = "\"io\":",
		[LEM_EXITS_HALT] = "\"halt\":",
	};
	char reply[16384] = "";
	int refused = control_ask(vmm, vmm->name, vmm->control_fd, "stats\n",
	    "{", reply, sizeof(reply));
	unsigned int i;

	if (refused < 0)
		return -1;
	if (refused > 0 || strncmp(reply, key, strlen(key)) != 0)
		return vmm_error(vmm,
		    "lem-vm does not answer \"stats\" with its exits");
	usage->exits = answer_number(reply, key);
	for (i = 0; i < LEM_EXITS; i++)
		usage->exits_by[i] = answer_number(reply, keys[i]);
	return 0;
}

/* ------------------------------------------------------------------ start */

static int
make_memfd(struct lem_vmm *vmm, const char *name, size_t bytes, void **map)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

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

/* The descriptors that VMM and lem-nic inherit, each those that it needs. */
enum inherited {
	FD_RAM,
	FD_ROM,
	FD_CONTROL,
	FD_NET,
	FD_CONSOLE,
	FD_NIC_PATH,		/* lem-nic's socket: O_PATH, for QEMU */
	FD_NIC_LISTEN,		/* the same, for lem-nic */
	FD_NIC_CONTROL,
	FDS
};

static void
inherited_close(int fd[FDS])
{
	size_t i;

	for (i = 0; i < FDS; i++) {
		if (fd[i] >= 0)
			(void)close(fd[i]);
		fd[i] = -1;
	}
}

static int
make_pair(struct lem_vmm *vmm, int type, int *ours, int *theirs)
{
	int pair[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) != 0)
		return vmm_error(vmm, "socketpair: %s", strerror(errno));
	*ours = pair[0];
	*theirs = pair[1];
	return 0;
}

/*
 * QEMU wants the path of lem-nic's socket.  It gets that of a descriptor, which
 * stays good when the socket's own path is removed: so it is removed at once.
 */
static int
make_nic_socket(struct lem_vmm *vmm, int in[FDS])
{
	char dir[] = "/tmp/lem-bench.XXXXXX";
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int error = 0;

	if (mkdtemp(dir) == NULL)
		return vmm_error(vmm, "%s: %s", dir, strerror(errno));
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s/nic", dir);
	in[FD_NIC_LISTEN] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (in[FD_NIC_LISTEN] < 0 ||
	    bind(in[FD_NIC_LISTEN], (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    listen(in[FD_NIC_LISTEN], 1) != 0 ||
	    (in[FD_NIC_PATH] = open(at.sun_path, O_PATH | O_CLOEXEC)) < 0)
		error = vmm_error(vmm, "%s: %s", at.sun_path, strerror(errno));
	(void)unlink(at.sun_path);
	(void)rmdir(dir);
	return error;
}

/* The guest's memory and firmware. */
static int
make_memory(struct lem_vmm *vmm, int in[FDS])
{
	size_t rom_bytes = (size_t)(lem_guest_image_end - lem_guest_image);
	void *rom;

	in[FD_RAM] =
	    make_memfd(vmm, "lem-ram", LEM_GUEST_RAM_BYTES, (void **)&vmm->ram);
	if (in[FD_RAM] < 0)
		return -1;
	in[FD_ROM] = make_memfd(vmm, "lem-rom", rom_bytes, &rom);
	if (in[FD_ROM] < 0)
		return -1;
	memcpy(rom, lem_guest_image, rom_bytes);
	(void)munmap(rom, rom_bytes);
	return 0;
}

static int
make_channels(struct lem_vmm *vmm, const struct lem_cell *cell, int in[FDS])
{
	int pipefd[2];

	if (make_pair(vmm, SOCK_STREAM, &vmm->control_fd, &in[FD_CONTROL]) != 0)
		return -1;
	if (cell->sink != LEM_SINK_NULL) {
		if (make_pair(vmm, SOCK_DGRAM, &vmm->net_fd, &in[FD_NET]) != 0)
			return -1;
		vmm->net_peer_fd = fcntl(in[FD_NET], F_DUPFD_CLOEXEC, 0);
		if (vmm->net_peer_fd < 0)
			return vmm_error(vmm, "dup: %s", strerror(errno));
	}
	if (pipe2(pipefd, O_CLOEXEC) != 0)
		return vmm_error(vmm, "pipe: %s", strerror(errno));
	vmm->console_fd = pipefd[0];
	(void)fcntl(vmm->console_fd, F_SETFL, O_NONBLOCK);
	in[FD_CONSOLE] = pipefd[1];
	if (!lem_cell_has_lem_nic(cell))
		return 0;
	if (make_pair(vmm, SOCK_STREAM, &vmm->nic_control_fd,
		&in[FD_NIC_CONTROL]) != 0)
		return -1;
	return make_nic_socket(vmm, in);
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
	box->adaptive = cell->driver_adaptive;
	box->interrupt_only = lem_rows[cell->row].interrupt_only;
	box->magic = LEM_MAILBOX_MAGIC;
}

static void
command_qemu_sink(struct lem_argv *c, int net)
{
	if (net >= 0) {
		lem_argv_addf(c, "-netdev",
		    "dgram,id=net0,local.type=fd,local.str=%d", net);
		return;
	}
	/* A hub with one port queues; with two, the second drops. */
	lem_argv_add(c, "-netdev");
	lem_argv_add(c, "hubport,id=net0,hubid=0");
	lem_argv_add(c, "-netdev");
	lem_argv_add(c, "hubport,id=net1,hubid=0");
}

static void
command_qemu_nic(struct lem_argv *c, const struct lem_cell *cell,
    const int in[FDS], const struct lem_host *host)
{
	if (lem_cell_has_lem_nic(cell)) {
		lem_argv_addf(c, "-device",
		    "{\"driver\":\"vfio-user-pci\",\"socket\":"
		    "{\"type\":\"unix\",\"path\":\"/proc/self/fd/%d\"}}",
		    in[FD_NIC_PATH]);
		return;
	}
	command_qemu_sink(c, in[FD_NET]);
	if (lem_drivers[cell->driver].nic == LEM_NIC_E1000)
		lem_argv_addf(c, "-device",
		    "e1000,netdev=net0,romfile=,"
		    "mac=52:54:00:12:34:56%s",
		    lem_rows[cell->row].stock ||
			    !lem_host_has(host, LEM_NEED_MITIGATION) ?
			"" :
			cell->moderation ? ",mitigation=on" :
					    ",mitigation=off");
	else
		lem_argv_addf(c, "-device",
		    "virtio-net-pci,netdev=net0,romfile=,"
		    "mac=52:54:00:12:34:56,disable-legacy=on");
}

static void
command_qemu(struct lem_argv *c, const struct lem_cell *cell, const int in[FDS],
    const struct lem_host *host)
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

	lem_argv_add(c,
	    lem_vmms[cell->vmm].lem_nic ? host->nic_qemu : host->qemu);
	lem_argv_add(c, "-accel");
	lem_argv_add(c,
	    lem_vmms[cell->vmm].needs & 1u << LEM_NEED_KVM ? "kvm" : "tcg");
	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		lem_argv_add(c, fixed[i]);
	lem_argv_addf(c, "-object",
	    "memory-backend-file,id=ram,share=on,size=%u,"
	    "mem-path=/proc/self/fd/%d",
	    LEM_GUEST_RAM_BYTES, in[FD_RAM]);
	lem_argv_addf(c, "-bios", "/proc/self/fd/%d", in[FD_ROM]);
	lem_argv_addf(c, "-chardev", "socket,id=qmp,fd=%d", in[FD_CONTROL]);
	command_qemu_nic(c, cell, in, host);
}

/* How lem-vm and lem-nic name the sink. */
static void
backend_name(char name[32], int net)
{
	if (net >= 0)
		(void)snprintf(name, 32, "dgram,fd=%d", net);
	else
		(void)snprintf(name, 32, "null");
}

static const char *
moderation_name(const struct lem_cell *cell)
{
	if (!cell->moderation)
		return "off";
	return lem_rows[cell->row].adaptive ? "adaptive" : "on";
}

static void
command_lem_nic(struct lem_argv *c, const struct lem_cell *cell,
    const int in[FDS], const struct lem_host *host)
{
	char backend[32];

	backend_name(backend, in[FD_NET]);
	lem_argv_add(c, host->lem_nic);
	lem_argv_addf(c, "--socket", "fd=%d", in[FD_NIC_LISTEN]);
	lem_argv_addf(c, "--control", "fd=%d", in[FD_NIC_CONTROL]);
	/* Without KVM QEMU does not keep doorbells mapped: lem-nic(1). */
	lem_argv_addf(c, "--nic", "moderation=%s,doorbell=%s,backend=%s",
	    moderation_name(cell),
	    lem_vmms[cell->vmm].needs & 1u << LEM_NEED_KVM &&
		    cell->doorbell != LEM_DOORBELL_EXIT ?
		"auto" :
		"trap",
	    backend);
}

static void
command_lem_vm(struct lem_argv *c, const struct lem_cell *cell,
    const int in[FDS], const struct lem_host *host)
{
	char backend[32];

	backend_name(backend, in[FD_NET]);
	lem_argv_add(c, host->lem_vm);
	lem_argv_add(c, "run");
	lem_argv_add(c, "--memory");
	lem_argv_add(c, "64M");
	lem_argv_addf(c, "--memory-fd", "%d", in[FD_RAM]);
	lem_argv_addf(c, "--bios", "/proc/self/fd/%d", in[FD_ROM]);
	lem_argv_addf(c, "--control", "fd=%d", in[FD_CONTROL]);
	lem_argv_addf(c, "--nic", "moderation=%s,doorbell=%s,backend=%s",
	    moderation_name(cell), lem_doorbells[cell->doorbell], backend);
}

/* QMP takes commands only after this one. */
static int
qmp_greet(struct lem_vmm *vmm)
{
	char reply[16384];
	int refused = qmp_ask(vmm, "{\"execute\":\"qmp_capabilities\"}\n",
	    reply, sizeof(reply));

	return refused > 0 ? vmm_error(vmm, "QEMU refuses QMP") : refused;
}

/*
 * What each VMM does differently.  greet: the first talk on the control socket;
 * exits: those of the guest's CPU so far.  NULL: nothing to do, none to count.
 */
static const struct vmm_methods {
	void (*command)(struct lem_argv *c, const struct lem_cell *cell,
	    const int in[FDS], const struct lem_host *host);
	int (*greet)(struct lem_vmm *vmm);
	int (*exits)(struct lem_vmm *vmm, struct lem_vmm_usage *usage);
} methods[LEM_VMMS] = {
	[LEM_VMM_KVM] = { command_qemu, qmp_greet, qmp_exits },
	[LEM_VMM_TCG] = { command_qemu, qmp_greet, NULL },
	[LEM_VMM_LEM_VM] = { command_lem_vm, NULL, lem_vm_exits },
	[LEM_VMM_NIC] = { command_qemu, qmp_greet, qmp_exits },
	[LEM_VMM_NIC_TCG] = { command_qemu, qmp_greet, NULL },
};

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

/* Has this one of its processes ended?  Then vmm->error says how. */
static bool
process_ended(struct lem_vmm *vmm, pid_t *pid, const char *name)
{
	char words[120];
	int status;

	if (*pid == 0 || waitpid(*pid, &status, WNOHANG) == 0)
		return false;
	*pid = 0;
	last_words(vmm, words, sizeof(words));
	if (WIFSIGNALED(status))
		(void)vmm_error(vmm, "%s was killed by signal %d: %s", name,
		    WTERMSIG(status), words);
	else
		(void)vmm_error(vmm, "%s ended with status %d: %s", name,
		    WEXITSTATUS(status), words);
	return true;
}

int
lem_vmm_alive(struct lem_vmm *vmm)
{
	return process_ended(vmm, &vmm->nic_pid, "lem-nic") ||
		process_ended(vmm, &vmm->pid, vmm->name) ?
	    -1 :
	    0;
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

/* Start a program, with those descriptors of `keep` that there are. */
static int
start_program(struct lem_vmm *vmm, struct lem_argv *c, const int in[FDS],
    const enum inherited *keep, size_t keeps, pid_t *pid)
{
	const int std[3] = { -1, in[FD_CONSOLE], in[FD_CONSOLE] };
	int fd[FDS];
	size_t i, n = 0;

	for (i = 0; i < keeps; i++)
		if (in[keep[i]] >= 0)
			fd[n++] = in[keep[i]];
	*pid = lem_process_start(&vmm->group, c->arg, std, fd, n);
	if (*pid >= 0)
		return 0;
	*pid = 0;
	return vmm_error(vmm, "fork: %s", strerror(errno));
}

static int
start_lem_nic(struct lem_vmm *vmm, const struct lem_cell *cell,
    const struct lem_host *host, const int in[FDS])
{
	static const enum inherited keep[] = { FD_NET, FD_NIC_LISTEN,
		FD_NIC_CONTROL };
	struct lem_argv command;

	memset(&command, 0, sizeof(command));
	command_lem_nic(&command, cell, in, host);
	return start_program(vmm, &command, in, keep,
	    sizeof(keep) / sizeof(keep[0]), &vmm->nic_pid);
}

static int
start_vmm(struct lem_vmm *vmm, const struct lem_cell *cell,
    const struct lem_host *host, const int in[FDS])
{
	static const enum inherited keep[] = { FD_RAM, FD_ROM, FD_CONTROL,
		FD_NET, FD_NIC_PATH };
	struct lem_argv command;

	memset(&command, 0, sizeof(command));
	methods[cell->vmm].command(&command, cell, in, host);
	return start_program(vmm, &command, in, keep,
	    sizeof(keep) / sizeof(keep[0]), &vmm->pid);
}

/* What it shares with us, then its processes. */
static int
start_all(struct lem_vmm *vmm, const struct lem_cell *cell,
    const struct lem_host *host, int in[FDS])
{
	int error = lem_group_open(&vmm->group);

	if (error != 0)
		return vmm_error(vmm, "fork: %s", strerror(-error));
	lem_vmm_running = vmm->group.pid;
	if (make_memory(vmm, in) != 0 || make_channels(vmm, cell, in) != 0)
		return -1;
	vmm->box = (struct lem_mailbox *)(void *)(vmm->ram + LEM_MAILBOX_PA);
	fill_box(vmm->box, cell, host->tsc_hz);
	vmm->started = lem_now();
	if (lem_cell_has_lem_nic(cell) &&
	    start_lem_nic(vmm, cell, host, in) != 0)
		return -1;
	if (start_vmm(vmm, cell, host, in) != 0)
		return -1;
	if (lem_vmm_interrupted)	/* before the handler knew the group */
		lem_vmm_kill(vmm);
	return 0;
}

int
lem_vmm_start(struct lem_vmm *vmm, const struct lem_cell *cell,
    const struct lem_host *host)
{
	int in[FDS], error;
	size_t i;

	for (i = 0; i < FDS; i++)
		in[i] = -1;
	memset(vmm, 0, sizeof(*vmm));
	vmm->id = cell->vmm;
	vmm->name = lem_vmms[cell->vmm].program;
	vmm->group.fd = vmm->control_fd = vmm->console_fd = vmm->net_fd =
	    vmm->net_peer_fd = vmm->nic_control_fd = -1;
	error = start_all(vmm, cell, host, in);
	inherited_close(in);
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

/* What lem-nic did, and the CPU time of it and of its child. */
static int
usage_lem_nic(struct lem_vmm *vmm, struct lem_vmm_usage *usage)
{
	char reply[16384] = "";
	double child;

	if (control_ask(vmm, "lem-nic", vmm->nic_control_fd, "stats\n", "{",
		reply, sizeof(reply)) < 0)
		return -1;
	usage->round_trips = answer_number(reply, "\"reads\":") +
	    answer_number(reply, "\"writes\":") -
	    answer_number(reply, "\"posted\":");
	usage->cpu_us += lem_process_cpu_us(vmm->nic_pid);
	child = answer_number(reply, "\"pages_pid\":");
	if (child > 0)
		usage->cpu_us += lem_process_cpu_us((pid_t)child);
	return isfinite(usage->cpu_us) ?
	    0 :
	    vmm_error(vmm,
		"lem-nic has no CPU clock: it, or its child, has ended");
}

int
lem_vmm_usage(struct lem_vmm *vmm, struct lem_vmm_usage *usage)
{
	unsigned int i;

	usage->exits = usage->round_trips = NAN;
	for (i = 0; i < LEM_EXITS; i++)
		usage->exits_by[i] = NAN;
	usage->cpu_us = lem_process_cpu_us(vmm->pid);
	if (!isfinite(usage->cpu_us))
		return vmm_error(vmm, "%s has no CPU clock: it has ended",
		    vmm->name);
	if (vmm->nic_pid != 0 && usage_lem_nic(vmm, usage) != 0)
		return -1;
	return methods[vmm->id].exits == NULL ?
	    0 :
	    methods[vmm->id].exits(vmm, usage);
}

void
lem_vmm_kill(struct lem_vmm *vmm)
{
	pid_t *pid[] = { &vmm->pid, &vmm->nic_pid };
	size_t i;

	lem_vmm_running = 0;
	lem_group_kill(&vmm->group);
	for (i = 0; i < sizeof(pid) / sizeof(pid[0]); i++) {
		if (*pid[i] > 0) {
			/* It may have come too late for its group. */
			(void)kill(*pid[i], SIGKILL);
			(void)waitpid(*pid[i], NULL, 0);
		}
		*pid[i] = 0;
	}
}

void
lem_vmm_stop(struct lem_vmm *vmm)
{
	int *fd[] = { &vmm->control_fd, &vmm->console_fd, &vmm->net_fd,
		&vmm->net_peer_fd, &vmm->nic_control_fd };
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
