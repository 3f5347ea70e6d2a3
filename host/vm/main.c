/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lem-vm: see --help, and man/lem-vm.1.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "acpi.h"
#include "confine.h"
#include "control.h"
#include "vm.h"

#define EXIT_USAGE	2
#define ESCAPE		0x01		/* Ctrl-A, then x, as in QEMU */

static const char usage_text[] =
    "usage: lem-vm run [OPTION...]\n"
    "\n"
    "Runs one guest on KVM, with e1000 NICs that are libe82540.\n"
    "\n"
    "  --kernel FILE     a Linux bzImage, or an ELF kernel with a PVH entry\n"
    "  --initrd FILE     its initial RAM disk\n"
    "  --append TEXT     its command line\n"
    "  --bios FILE       instead: an image that starts at the reset vector\n"
    "  --memory SIZE     16M to 64G, in steps of 2M (256M)\n"
    "  --memory-fd N     memory that others see, too: a file, open as N\n"
    "  --cpus N          1 to 4 (1)\n"
    "  --nic OPTIONS     an e1000, up to 8 times; OPTIONS, commas between:\n"
    "      model=82540em|82545em|82544gc   the chip (82540em)\n"
    "      mac=ADDRESS                     (52:54:00:12:34:56 and up)\n"
    "      moderation=on|off               obey ITR and the delay timers (on)\n"
    "      msi=on|off                      offer MSI (off)\n"
    "      doorbell=auto|exit|thread|ioeventfd|coalesced|mapped\n"
    "                                      how TDT writes arrive (auto)\n"
    "      spin=MICROSECONDS               a busy thread waits for more (500)\n"
    "      backend=null|tap|dgram|stream   where packets go (null):\n"
    "        tap,ifname=NAME    or fd=N; vnet=off without offloads\n"
    "        dgram,local=PATH,remote=PATH    or fd=N\n"
    "        stream,path=PATH   or fd=N; server=on waits for a peer\n"
    "      pcap=FILE                       write all packets there, too\n"
    "  --control PATH    a socket that takes \"stats\" and \"quit\"; or fd=N\n"
    "  --serial on|off   the serial port is the terminal (on)\n"
    "  --user NAME       whom root becomes, once all is open (nobody)\n"
    "  --sandbox on|off  confine threads by seccomp (on)\n"
    "  --help\n"
    "\n"
    "On a terminal Ctrl-A x ends it, Ctrl-A Ctrl-A is Ctrl-A.\n"
    "Exit status: 0 the guest powered off or asked for a reset, or SIGTERM;\n"
    "1 it could not start, or broke; 2 usage; or the guest's own, an odd one,\n"
    "by a 32-bit write of N to port F4h: 2 N + 1.\n";

struct options {
	const char *kernel, *initrd, *append, *bios, *control, *user;
	uint64_t memory_bytes;
	int memory_fd;
	uint64_t cpus;
	const char *nic[MACHINE_NICS];
	unsigned int nics;
	bool serial, sandbox;
};

/* One of a running lem-vm. */
struct run {
	struct options o;
	struct vm *vm;
	struct boot boot;
	struct control control;
	bool has_control;
	pthread_t nic_thread[MACHINE_NICS];
	unsigned int nic_threads;
	int signal_fd;
	/* The terminal. */
	bool raw;
	struct termios was;
	bool input;			/* read it */
	bool escaped;
	uint8_t pending[64];
	size_t pending_n;
};

static void
say(const char *text)
{
	fprintf(stderr, "lem-vm: %s\n", text);
}

/* ---------------------------------------------------------------- options */

enum {
	OPT_KERNEL = 256,
	OPT_INITRD,
	OPT_APPEND,
	OPT_BIOS,
	OPT_MEMORY,
	OPT_MEMORY_FD,
	OPT_CPUS,
	OPT_NIC,
	OPT_CONTROL,
	OPT_SERIAL,
	OPT_USER,
	OPT_SANDBOX,
	OPT_HELP,
};

static const struct option long_options[] = {
	{ "kernel", required_argument, NULL, OPT_KERNEL },
	{ "initrd", required_argument, NULL, OPT_INITRD },
	{ "append", required_argument, NULL, OPT_APPEND },
	{ "bios", required_argument, NULL, OPT_BIOS },
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "memory-fd", required_argument, NULL, OPT_MEMORY_FD },
	{ "cpus", required_argument, NULL, OPT_CPUS },
	{ "nic", required_argument, NULL, OPT_NIC },
	{ "control", required_argument, NULL, OPT_CONTROL },
	{ "serial", required_argument, NULL, OPT_SERIAL },
	{ "user", required_argument, NULL, OPT_USER },
	{ "sandbox", required_argument, NULL, OPT_SANDBOX },
	{ "help", no_argument, NULL, OPT_HELP },
	{ 0 },
};

static int
on_off(const char *text, const char *what, bool *value, struct err *err)
{
	if (strcmp(text, "on") != 0 && strcmp(text, "off") != 0)
		return err_set(err, "%s is on or off, not '%s'", what, text);
	*value = strcmp(text, "on") == 0;
	return 0;
}

static int
option_nic(struct options *o, const char *text, struct err *err)
{
	if (o->nics == MACHINE_NICS)
		return err_set(err, "%u NICs at most", MACHINE_NICS);
	o->nic[o->nics++] = text;
	return 0;
}

static int
option_take(struct options *o, int option, const char *text, struct err *err)
{
	uint64_t n;

	switch (option) {
	case OPT_KERNEL:
		o->kernel = text;
		return 0;
	case OPT_INITRD:
		o->initrd = text;
		return 0;
	case OPT_APPEND:
		o->append = text;
		return 0;
	case OPT_BIOS:
		o->bios = text;
		return 0;
	case OPT_MEMORY:
		return parse_bytes(text, "--memory", &o->memory_bytes, err);
	case OPT_MEMORY_FD:
		if (parse_number(text, "--memory-fd", 1 << 20, &n, err) != 0)
			return -1;
		o->memory_fd = (int)n;
		return 0;
	case OPT_CPUS:
		return parse_number(text, "--cpus", VM_CPUS_MAX, &o->cpus, err);
	case OPT_NIC:
		return option_nic(o, text, err);
	case OPT_CONTROL:
		o->control = text;
		return 0;
	case OPT_SERIAL:
		return on_off(text, "--serial", &o->serial, err);
	case OPT_USER:
		o->user = text;
		return 0;
	default:
		return on_off(text, "--sandbox", &o->sandbox, err);
	}
}

/* Returns 0, -1 with err set, or 1: help was asked for. */
static int
options_parse(struct options *o, int argc, char **argv, struct err *err)
{
	int option;

	*o = (struct options){
		.memory_bytes = 256u << 20,
		.memory_fd = -1,
		.cpus = 1,
		.serial = true,
		.sandbox = true,
	};
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+h", long_options, NULL)) !=
	    -1) {
		if (option == OPT_HELP || option == 'h')
			return 1;
		if (option == '?')
			return err_set(err,
			    "'%s': no such option, or it wants "
					    "a value",
			    argv[optind - 1]);
		if (option_take(o, option, optarg, err) != 0)
			return -1;
	}
	if (optind < argc)
		return err_set(err, "'%s' is no option", argv[optind]);
	if ((o->kernel != NULL) == (o->bios != NULL))
		return err_set(err, "say --kernel FILE, or --bios FILE");
	if (o->bios != NULL && (o->initrd != NULL || o->append != NULL))
		return err_set(err, "--initrd and --append go with --kernel");
	return 0;
}

/* ------------------------------------------------------------------- NICs */

static int
name_index(const char *text, const char *const *names, const char *what,
    struct err *err)
{
	int i;

	for (i = 0; names[i] != NULL; i++)
		if (strcmp(names[i], text) == 0)
			return i;
	return err_set(err, "%s: '%s' is none; see --help", what, text);
}

static int
nic_config_parse(struct nic_config *c, struct opts *opts, unsigned int number,
    struct err *err)
{
	static const char *const models[] = { "82540em", "82545em", "82544gc",
		NULL };
	static const char *const ways[] = { "auto", "exit", "thread",
		"ioeventfd", "coalesced", "mapped", NULL };
	const char *model = opts_get(opts, "model");
	const char *way = opts_get(opts, "doorbell");
	const char *mac = opts_get(opts, "mac");
	uint64_t spin_us = NIC_SPIN_US;
	int i;

	*c = (struct nic_config){
		.mac = { 0x52, 0x54, 0x00, 0x12, 0x34,
		    (uint8_t)(0x56 + number) },
		.moderation = true,
	};
	i = model == NULL ? 0 : name_index(model, models, "model", err);
	if (i < 0)
		return -1;
	c->chip = (enum e82540_chip)i;
	i = way == NULL ? 0 : name_index(way, ways, "doorbell", err);
	if (i < 0)
		return -1;
	c->doorbell = (enum nic_doorbell)i;
	if (mac != NULL && parse_mac(mac, c->mac, err) != 0)
		return -1;
	if (opts_bool(opts, "moderation", &c->moderation, err) != 0 ||
	    opts_bool(opts, "msi", &c->msi, err) != 0 ||
	    opts_number(opts, "spin", 1000000, &spin_us, err) != 0)
		return -1;
	c->spin_us = (unsigned int)spin_us;
	c->backend = backend_open(opts, err);
	return c->backend == NULL ? -1 : 0;
}

static int
nic_add(struct run *r, unsigned int number, struct err *err)
{
	struct nic_config c;
	const char *unused;
	struct opts opts;
	int error;

	error = opts_parse(&opts, r->o.nic[number], err);
	if (error == 0)
		error = nic_config_parse(&c, &opts, number, err);
	if (error == 0) {
		unused = opts_unused(&opts);
		if (unused != NULL) {
			c.backend->ops->close(c.backend);
			error = err_set(err, "'%s' is no option here", unused);
		} else if (vm_nic_add(r->vm, &c, err) == NULL) {
			error = -1;
		}
	}
	opts_free(&opts);
	return error;
}

/* --------------------------------------------------------------- terminal */

static void
terminal_raw(struct run *r)
{
	struct termios t;

	r->input = r->o.serial;
	if (!r->o.serial || !isatty(STDIN_FILENO) ||
	    tcgetattr(STDIN_FILENO, &r->was) != 0)
		return;
	t = r->was;
	cfmakeraw(&t);
	t.c_oflag |= OPOST | ONLCR;
	r->raw = tcsetattr(STDIN_FILENO, TCSANOW, &t) == 0;
}

static void
terminal_restore(struct run *r)
{
	if (r->raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &r->was);
}

/* Returns false: Ctrl-A x. */
static bool
terminal_filter(struct run *r, const uint8_t *data, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (r->raw && !r->escaped && data[i] == ESCAPE) {
			r->escaped = true;
			continue;
		}
		if (r->escaped && (data[i] == 'x' || data[i] == 'X'))
			return false;
		r->escaped = false;
		r->pending[r->pending_n++] = data[i];
	}
	return true;
}

static bool
terminal_read(struct run *r)
{
	uint8_t data[sizeof(r->pending)];
	ssize_t n = read(STDIN_FILENO, data, sizeof(data));

	if (n <= 0) {
		r->input = n < 0 && (errno == EAGAIN || errno == EINTR);
		return true;
	}
	return terminal_filter(r, data, (size_t)n);
}

static void
terminal_give(struct run *r)
{
	size_t n = machine_input(&r->vm->machine, r->pending, r->pending_n);

	r->pending_n -= n;
	memmove(r->pending, r->pending + n, r->pending_n);
}

/* ---------------------------------------------------------------- threads */

struct confined {
	struct vm *vm;
	struct nic *nic;		/* NULL: a CPU's */
	struct vcpu *cpu;
	bool sandbox;
};

static struct confined confined[VM_CPUS_MAX + MACHINE_NICS];

static void *
thread_main(void *arg)
{
	struct confined *c = arg;
	struct err err;

	if (c->sandbox &&
	    confine_thread(c->nic != NULL ? CONFINE_NIC : CONFINE_CPU, &err) !=
		0)
		vm_fail(c->vm, "%s", err.text);
	else if (c->nic != NULL)
		nic_run(c->nic);
	else
		vcpu_run(c->cpu);
	return NULL;
}

static int
threads_start(struct run *r, struct err *err)
{
	struct vm *vm = r->vm;
	struct confined *c = confined;
	unsigned int i;
	int error = 0;

	for (i = 0; i < vm->machine.nics && error == 0; i++, c++) {
		*c = (struct confined){ .vm = vm,
			.nic = vm->machine.nic[i].nic,
			.sandbox = r->o.sandbox };
		error = pthread_create(&r->nic_thread[i], NULL, thread_main, c);
		r->nic_threads += error == 0;
	}
	for (i = 0; i < vm->cpus && error == 0; i++, c++) {
		*c = (struct confined){ .vm = vm,
			.cpu = &vm->cpu[i],
			.sandbox = r->o.sandbox };
		error =
		    pthread_create(&vm->cpu[i].thread, NULL, thread_main, c);
		vm->cpu[i].started = error == 0;
	}
	return error == 0 ? 0 : err_set(err, "no thread: %s", strerror(error));
}

static void
threads_end(struct run *r)
{
	unsigned int i;

	vm_stop(r->vm);
	for (i = 0; i < r->vm->cpus; i++)
		if (r->vm->cpu[i].started)
			(void)pthread_join(r->vm->cpu[i].thread, NULL);
	for (i = 0; i < r->nic_threads; i++) {
		nic_stop(r->vm->machine.nic[i].nic);
		(void)pthread_join(r->nic_thread[i], NULL);
	}
}

/* ------------------------------------------------------------------- loop */

/* Until the guest ends, or somebody ends it. */
static void
wait_for_end(struct run *r)
{
	struct pollfd fds[4];
	bool stay = true;

	while (stay && !atomic_load(&r->vm->stopping)) {
		fds[0] =
		    (struct pollfd){ .fd = r->vm->end_fd, .events = POLLIN };
		fds[1] =
		    (struct pollfd){ .fd = r->signal_fd, .events = POLLIN };
		fds[2] = (struct pollfd){ .fd = -1, .events = POLLIN };
		fds[3] = (struct pollfd){ .fd = -1, .events = POLLIN };
		if (r->has_control)
			fds[2].fd = control_fd(&r->control);
		if (r->input && r->pending_n == 0)
			fds[3].fd = STDIN_FILENO;
		/* The guest reads its serial port when it will. */
		(void)poll(fds, 4, r->pending_n > 0 ? 10 : -1);
		if (fds[1].revents != 0)
			stay = false;
		if (fds[2].revents != 0 && stay)
			stay = control_ready(&r->control, r->vm);
		if (fds[3].revents != 0 && stay)
			stay = terminal_read(r);
		terminal_give(r);
	}
}

/* ------------------------------------------------------------------ set up */

static void
nothing(int signal)
{
	(void)signal;
}

/* SIGTERM and the like are read; VCPU_SIGNAL only has to interrupt. */
static int
signals(struct run *r, struct err *err)
{
	struct sigaction interrupt = { .sa_handler = nothing };
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)signal(SIGPIPE, SIG_IGN);
	if (sigaction(VCPU_SIGNAL, &interrupt, NULL) != 0 ||
	    pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
		return err_set(err, "signals: %s", strerror(errno));
	r->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return r->signal_fd < 0 ?
	    err_set(err, "signalfd: %s", strerror(errno)) :
	    0;
}

static int
load(struct run *r, struct err *err)
{
	if (r->o.bios != NULL)
		return boot_bios(&r->boot, r->o.bios, err);
	acpi_write(&r->vm->ram, (unsigned int)r->o.cpus);
	return boot_kernel(&r->boot, &r->vm->ram, r->o.kernel, r->o.initrd,
	    r->o.append != NULL ? r->o.append : "console=ttyS0", err);
}

static int
set_up(struct run *r, struct err *err)
{
	struct vm_config config = {
		.memory_bytes = r->o.memory_bytes,
		.memory_fd = r->o.memory_fd,
		.cpus = (unsigned int)r->o.cpus,
		.output_fd = STDOUT_FILENO,
	};
	struct confine_user who;
	unsigned int i;

	if (signals(r, err) != 0 ||
	    confine_user_find(r->o.user, &who, err) != 0)
		return -1;
	if (who.root)
		backend_owner(who.uid, who.gid);
	r->vm = vm_new(&config, err);
	if (r->vm == NULL)
		return -1;
	for (i = 0; i < r->o.nics; i++)
		if (nic_add(r, i, err) != 0)
			return -1;
	if (load(r, err) != 0 || vm_boot(r->vm, &r->boot, err) != 0)
		return -1;
	if (r->o.control != NULL) {
		if (control_open(&r->control, r->o.control, err) != 0)
			return -1;
		r->has_control = true;
	}
	return confine_user_become(&who, err);
}

static int
outcome(const struct run *r)
{
	const struct vm *vm = r->vm;

	if (vm->why.text[0] != '\0') {
		say(vm->why.text);
		return EXIT_FAILURE;
	}
	return vm->end == MACHINE_EXIT ? vm->status : EXIT_SUCCESS;
}

static int
run_guest(struct run *r)
{
	struct err err;
	int status = EXIT_FAILURE;

	r->signal_fd = -1;
	if (set_up(r, &err) != 0) {
		say(err.text);
		goto free_vm;
	}
	terminal_raw(r);
	if (threads_start(r, &err) != 0 ||
	    (r->o.sandbox && confine_thread(CONFINE_MAIN, &err) != 0)) {
		say(err.text);
	} else {
		wait_for_end(r);
		status = EXIT_SUCCESS;
	}
	threads_end(r);
	terminal_restore(r);
	if (status == EXIT_SUCCESS)
		status = outcome(r);
free_vm:
	if (r->has_control)
		control_close(&r->control);
	if (r->vm != NULL)
		vm_free(r->vm);
	boot_free(&r->boot);
	if (r->signal_fd >= 0)
		(void)close(r->signal_fd);
	return status;
}

int
main(int argc, char **argv)
{
	static struct run r;
	struct err err;
	int parsed;

	if (argc > 1 &&
	    (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
		strcmp(argv[1], "help") == 0)) {
		(void)fputs(usage_text, stdout);
		return EXIT_SUCCESS;
	}
	if (argc < 2 || strcmp(argv[1], "run") != 0) {
		say(argc < 2 ? "say 'lem-vm run ...'; see --help" :
			       "there is one command: run; see --help");
		return EXIT_USAGE;
	}
	parsed = options_parse(&r.o, argc - 1, argv + 1, &err);
	if (parsed > 0) {
		(void)fputs(usage_text, stdout);
		return EXIT_SUCCESS;
	}
	if (parsed < 0) {
		say(err.text);
		return EXIT_USAGE;
	}
	return run_guest(&r);
}
