/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lem-vm: see --help, and man/lem-vm.1.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "acpi.h"
#include "confine.h"
#include "control.h"
#include "options.h"
#include "quit.h"
#include "sandbox.h"
#include "terminal.h"
#include "unix.h"
#include "vm.h"

#define EXIT_USAGE	2
/* Even, as what a guest writes to port F4h makes odd ones. */
#define EXIT_RESET	4
#define EXIT_PANIC	6
#define EXIT_TRIPLE_FAULT 8
#define EXIT_ASKED	10		/* a signal, quit, the terminal */

/* The whole program. */
struct run {
	struct options o;
	struct vm *vm;
	struct boot boot;
	struct stats_source stats;
	struct control control;
	bool has_control;
	pthread_t nic_thread[MACHINE_NICS];
	unsigned int nic_threads;
	bool started;			/* the guest runs, or did */
	volatile sig_atomic_t memory_lost;
	struct terminal terminal;
};

static struct run run;

struct loader {
	struct run *run;
	struct err *err;
	int error;
};

static void
print_error(const char *text)
{
	fprintf(stderr, "lem-vm: %s\n", text);
}

/* ------------------------------------------------------------------- NICs */

static int
run_nic_add(struct run *r, unsigned int number, struct err *err)
{
	struct nic_options *o = &r->o.nic[number];

	if (nic_options_open(o, err) != 0)
		return -1;
	return vm_nic_add(r->vm, &o->config, err) == NULL ? -1 : 0;
}

/* -------------------------------------------------------------- statistics */

/* Of all CPUs; null if this KVM does not count them. */
static void
stats_exits(const struct vm *vm, struct json *out, const char *key,
    enum vcpu_exits kind)
{
	int64_t exits = 0, n;
	unsigned int i;

	for (i = 0; i < vm->cpus; i++) {
		n = vcpu_exits(&vm->cpu[i], kind);
		exits = n < 0 || exits < 0 ? -1 : exits + n;
	}
	if (exits < 0)
		json_put(out, "\"%s\":null", key);
	else
		json_put(out, "\"%s\":%lld", key, (long long)exits);
}

/* stats_source.own: VM exits and returns from KVM_RUN. */
static void
stats_own(void *ctx, struct json *out)
{
	static const char *const keys[VCPU_EXITS] = {
		[VCPU_EXITS_IRQ] = "irq",
		[VCPU_EXITS_WINDOW] = "irq_window",
		[VCPU_EXITS_MMIO] = "mmio",
		[VCPU_EXITS_IO] = "io",
		[VCPU_EXITS_HALT] = "halt",
	};
	struct vm *vm = ((struct run *)ctx)->vm;
	unsigned long long returns = 0;
	unsigned int i;

	for (i = 0; i < vm->cpus; i++)
		returns += vm->cpu[i].returns;
	stats_exits(vm, out, "exits", VCPU_EXITS_ALL);
	for (i = VCPU_EXITS_ALL + 1; i < VCPU_EXITS; i++) {
		json_put(out,
		    i == VCPU_EXITS_ALL + 1 ? ",\"exits_by\":{" : ",");
		stats_exits(vm, out, keys[i], (enum vcpu_exits)i);
	}
	json_put(out, "},\"returns\":%llu,", returns);
}

static struct nic *
stats_nic(void *ctx, unsigned int i)
{
	struct machine *m = &((struct run *)ctx)->vm->machine;

	return i < m->nics ? m->nic[i].nic : NULL;
}

static int
run_control_open(struct run *r, struct err *err)
{
	struct control_config config = { .where = r->o.program.control,
		.stats = &r->stats };

	r->stats = (struct stats_source){ "lem-vm", stats_own, stats_nic, r };
	r->has_control = true;
	return control_open(&r->control, &config, err);
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
	enum sandbox kind = SANDBOX_CPU;
	struct err err;

	/* The NIC's timers count microseconds; the default slack is 50 us. */
	if (c->nic != NULL)
		(void)prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	if (c->nic != NULL)
		kind = SANDBOX_NIC;
	else if (c->vm->restart.cpu != NULL)
		kind = SANDBOX_CPU_RESTARTS;
	if (c->sandbox && sandbox_enter(kind, &err) != 0)
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
			.sandbox = r->o.program.sandbox };
		error = pthread_create(&r->nic_thread[i], NULL, thread_main, c);
		r->nic_threads += error == 0;
	}
	for (i = 0; i < vm->cpus && error == 0; i++, c++) {
		*c = (struct confined){ .vm = vm,
			.cpu = &vm->cpu[i],
			.sandbox = r->o.program.sandbox };
		error =
		    pthread_create(&vm->cpu[i].thread, NULL, thread_main, c);
		vm->cpu[i].started = error == 0;
	}
	return error == 0 ?
	    0 :
	    err_set(err, "cannot start a thread: %s", strerror(error));
}

/* Returns false: a thread does not end. */
static bool
threads_end(struct run *r)
{
	bool ended = true;
	unsigned int i;

	vm_stop(r->vm);
	for (i = 0; i < r->vm->cpus && ended; i++)
		if (r->vm->cpu[i].started)
			ended = quit_joined(r->vm->cpu[i].thread);
	for (i = 0; i < r->nic_threads && ended; i++) {
		nic_stop(r->vm->machine.nic[i].nic);
		ended = quit_joined(r->nic_thread[i]);
	}
	return ended;
}

/* ------------------------------------------------------------------- loop */

/* Returns when the guest, a signal, the terminal or a client ends the run. */
static void
wait_for_end(struct run *r)
{
	struct terminal *t = &r->terminal;
	struct pollfd fds[4];
	bool stay = true;

	while (stay && !atomic_load(&r->vm->stopping)) {
		fds[0] =
		    (struct pollfd){ .fd = r->vm->end_fd, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = quit_fd(), .events = POLLIN };
		fds[2] = (struct pollfd){ .fd = -1, .events = POLLIN };
		fds[3] = (struct pollfd){ .fd = -1, .events = POLLIN };
		if (r->has_control)
			fds[2].fd = control_fd(&r->control);
		fds[3].fd = terminal_fd(t);
		/* Nothing tells us when the guest reads its serial port. */
		(void)poll(fds, 4, t->pending_n > 0 ? 10 : -1);
		if (fds[1].revents != 0)
			stay = false;
		if (fds[2].revents != 0 && stay)
			stay = control_ready(&r->control);
		if (fds[3].revents != 0 && stay)
			stay = terminal_read(t);
		terminal_give(t, &r->vm->machine);
	}
}

/* ------------------------------------------------------------------ set up */

static void
signal_ignore(int signal)
{
	(void)signal;
}

/* In a signal handler: the program does not end in its own way. */
static int
run_leave(void)
{
	static const char stuck[] =
	    "lem-vm: a thread does not end: it waits for a file or a device; "
	    "ended without it\n";
	static const char lost[] =
	    "lem-vm: --memory-fd: somebody truncated the file: the guest's "
	    "memory is gone\n";

	terminal_close(&run.terminal);
	if (run.has_control)
		control_unlink(&run.control);
	if (run.memory_lost)
		quit_say(lost);
	else if (run.started)
		quit_say(stuck);
	return run.memory_lost || run.started ? EXIT_FAILURE : EXIT_ASKED;
}

/*
 * The file of --memory-fd is shorter than it was.  The thread that touches the
 * memory cannot go on; the main thread ends the program.
 */
static void
on_sigbus(int number)
{
	pid_t main_thread = getpid();

	(void)number;
	run.memory_lost = 1;
	if (gettid() == main_thread)
		_exit(run_leave());
	(void)tgkill(main_thread, main_thread, SIGTERM);
	for (;;)
		(void)poll(NULL, 0, -1);
}

/* VCPU_SIGNAL only interrupts. */
static int
run_signals(const struct run *r, struct err *err)
{
	struct sigaction interrupt = { .sa_handler = signal_ignore };
	struct sigaction lost = { .sa_handler = on_sigbus };

	if (sigaction(VCPU_SIGNAL, &interrupt, NULL) != 0 ||
	    (r->o.memory_fd >= 0 && sigaction(SIGBUS, &lost, NULL) != 0))
		return err_set(err, "signals: %s", strerror(errno));
	return quit_open(run_leave, err);
}

static int
run_open(struct run *r, struct err *err)
{
	const char *append =
	    r->o.append != NULL ? r->o.append : "console=ttyS0";

	if (r->o.bios != NULL)
		return boot_bios(&r->boot, r->o.bios, err);
	if (boot_open(&r->boot, r->o.kernel, r->o.initrd, append, err) != 0)
		return -1;
	return r->o.restarts ? boot_keep(&r->boot, err) : 0;
}

/* An image is not trusted: this thread can make no system call. */
static void *
loader_main(void *arg)
{
	struct loader *l = arg;
	struct run *r = l->run;

	l->error =
	    r->o.program.sandbox ? sandbox_enter(SANDBOX_LOADER, l->err) : 0;
	if (l->error == 0)
		l->error = boot_again(&r->boot, &r->vm->ram, l->err);
	return NULL;
}

static int
run_load(struct run *r, struct err *err)
{
	struct loader l = { .run = r, .err = err };
	pthread_t thread;
	int error;

	if (r->o.bios != NULL)
		return 0;
	acpi_write(&r->vm->ram, r->o.cpus);
	quit_hold(true);
	error = pthread_create(&thread, NULL, loader_main, &l);
	quit_hold(false);
	if (error != 0)
		return err_set(err, "cannot start a thread: %s",
		    strerror(error));
	(void)pthread_join(thread, NULL);
	if (l.error != 0)
		return err_in(err, "kernel %s", r->o.kernel);
	if (!r->o.restarts)
		boot_close(&r->boot);
	return 0;
}

/*
 * From here on we are another user, without capabilities, and open no file.
 * The sockets that we remove at the end stay removable.
 */
static int
run_confine(struct run *r, const struct confine_user *who, struct err *err)
{
	const char *path[1 + 2 * MACHINE_NICS] = {
		r->control.listen_fd >= 0 ? r->control.at.sun_path : NULL
	};
	unsigned int i, n = 1;

	for (i = 0; i < r->o.nics; i++) {
		path[n++] = opts_get(&r->o.nic[i].opts, "local");
		path[n++] = opts_get(&r->o.nic[i].opts, "path");
	}
	confine_descriptors();
	if (confine_user_become(who, err) != 0)
		return -1;
	return r->o.program.sandbox ? confine_files(path, n, -1, err) : 0;
}

/* The guest has reset the machine; in the thread of a CPU. */
static int
run_load_again(void *ctx, struct err *err)
{
	struct run *r = ctx;

	if (r->o.bios != NULL)
		return 0;
	acpi_write(&r->vm->ram, r->o.cpus);
	return boot_again(&r->boot, &r->vm->ram, err);
}

static int
run_set_up(struct run *r, struct err *err)
{
	struct vm_config config = {
		.memory_bytes = r->o.memory_bytes,
		.memory_fd = r->o.memory_fd,
		.cpus = r->o.cpus,
		.output_fd = r->o.serial ? STDOUT_FILENO : -1,
	};
	struct confine_user who;
	unsigned int i;

	if (run_signals(r, err) != 0 ||
	    confine_user_find(r->o.program.user, &who, err) != 0)
		return -1;
	if (who.root)
		unix_owner(who.uid, who.gid);
	r->vm = vm_new(&config, err);
	if (r->vm == NULL)
		return -1;
	for (i = 0; i < r->o.nics; i++)
		if (run_nic_add(r, i, err) != 0)
			return err_in(err, "--nic %u", i);
	if (run_open(r, err) != 0 || run_control_open(r, err) != 0 ||
	    run_confine(r, &who, err) != 0 || run_load(r, err) != 0 ||
	    vm_boot(r->vm, &r->boot, err) != 0 ||
	    (r->o.restarts && restart_save(r->vm, run_load_again, r, err) != 0))
		return -1;
	vm_close_kvm(r->vm);
	return 0;
}

static int
run_outcome(const struct run *r)
{
	const struct vm *vm = r->vm;

	if (vm->why.text[0] != '\0') {
		print_error(vm->why.text);
		return vm->end == MACHINE_TRIPLE_FAULT ? EXIT_TRIPLE_FAULT :
							 EXIT_FAILURE;
	}
	switch (atomic_load(&vm->end)) {
	case MACHINE_EXIT:
		return vm->status;
	case MACHINE_RESET:
		return EXIT_RESET;
	case MACHINE_PANIC:
		return EXIT_PANIC;
	case MACHINE_RUNS:
		return EXIT_ASKED;
	default:
		return EXIT_SUCCESS;
	}
}

static int
run_confine_main(struct err *err)
{
	return confine_limits(256, err) != 0 ? -1 :
					       sandbox_enter(SANDBOX_MAIN, err);
}

static int
run_start(struct run *r, struct err *err)
{
	int error;

	terminal_open(&r->terminal, r->o.serial);
	r->started = true;
	quit_hold(true);
	error = threads_start(r, err);
	quit_hold(false);
	if (error != 0)
		return -1;
	return r->o.program.sandbox ? run_confine_main(err) : 0;
}

static int
run_guest(struct run *r)
{
	struct err err;
	int status = EXIT_FAILURE;

	if (run_set_up(r, &err) != 0) {
		/* A signal interrupts what set-up waits for. */
		if (quit_asked())
			status = EXIT_ASKED;
		else if (err.usage)
			status = EXIT_USAGE;
		if (!quit_asked())
			print_error(err.text);
		goto free_vm;
	}
	if (run_start(r, &err) != 0) {
		print_error(err.text);
	} else {
		wait_for_end(r);
		status = EXIT_SUCCESS;
	}
	if (!threads_end(r))
		_exit(run_leave());
	terminal_close(&r->terminal);
	if (status == EXIT_SUCCESS)
		status = run_outcome(r);
free_vm:
	if (r->has_control)
		control_close(&r->control);
	if (r->vm != NULL)
		vm_free(r->vm);
	boot_free(&r->boot);
	return status;
}

int
main(int argc, char **argv)
{
	struct run *r = &run;
	struct err err;
	int parsed, status = EXIT_SUCCESS;

	command_standard_fds();
	parsed = options_parse(&r->o, argc, argv, &err);
	if (parsed < 0) {
		print_error(err.text);
		status = err.usage ? EXIT_USAGE : EXIT_FAILURE;
	}
	if (parsed == 0)
		status = run_guest(r);
	options_free(&r->o);
	return status;
}
