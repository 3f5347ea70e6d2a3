/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lem-nic: see --help, and man/lem-nic.1.
 *
 * Threads: this one (signals, control, statistics, new clients), and device.h's
 * three.  The first that fails ends the program.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "clock.h"
#include "confine.h"
#include "control.h"
#include "device.h"
#include "quit.h"
#include "server_clients.h"
#include "server_options.h"
#include "server_sandbox.h"
#include "unix.h"

#define EXIT_USAGE	2

#define SAY_NS		NSEC	/* between two lines about clients */
#define ACCEPT_MS	100		/* until accept() is tried again */
#define END_S		3		/* a thread gets to end */

struct server_thread {
	pthread_t thread;
	void (*run)(struct server_thread *t);
	struct run *run_of;
	enum server_sandbox sandbox;
};

/* The whole program. */
struct run {
	struct server_options o;
	struct device *device;
	struct clients clients;
	bool has_clients;
	struct stats_source stats;
	struct control control;
	bool has_control;
	struct server_thread thread[3];
	unsigned int threads;
	bool started;			/* there are threads */
	int end_fd;			/* a thread ends the program */
	uint64_t stuck_ns;		/* client_waits(); 0: none does */
	pthread_mutex_t lock;
	/* With the lock. */
	struct err why;			/* text empty: nothing failed */
	bool failed;
	uint64_t said_ns;		/* the last line about a client */
	unsigned int unsaid;		/* since then */
};

static struct run run;

static void
print_line(const char *text)
{
	fprintf(stderr, "lem-nic: %s\n", text);
}

/* About a client, which may come and go without end: not more than one line a
 * second.  Any thread. */
static void
say(struct run *r, const char *text)
{
	uint64_t now = now_ns();

	pthread_mutex_lock(&r->lock);
	if (r->said_ns != 0 && now - r->said_ns < SAY_NS) {
		r->unsaid++;
	} else {
		if (r->unsaid > 0)
			fprintf(stderr, "lem-nic: (%u more like this)\n",
			    r->unsaid);
		print_line(text);
		r->unsaid = 0;
		r->said_ns = now;
	}
	pthread_mutex_unlock(&r->lock);
}

static void
device_warns(void *ctx, const char *text)
{
	say(ctx, text);
}

static void
device_says(void *ctx, const char *text)
{
	(void)ctx;
	print_line(text);
}

/* ---------------------------------------------------------------- threads */

static void
program_end(struct run *r)
{
	static const uint64_t one = 1;

	(void)!write(r->end_fd, &one, sizeof(one));
}

static void
program_fail(struct run *r, const struct err *why)
{
	pthread_mutex_lock(&r->lock);
	if (!r->failed)
		r->why = *why;
	r->failed = true;
	pthread_mutex_unlock(&r->lock);
	program_end(r);
}

/* What breaks the protocol is the client's end, not ours. */
static void
run_vfio(struct server_thread *t)
{
	struct run *r = t->run_of;
	struct err err;
	int fd;

	while ((fd = clients_next(&r->clients)) >= 0) {
		if (device_serve(r->device, fd, &err) != 0) {
			(void)err_in(&err, "the VMM");
			say(r, err.text);
		}
		clients_done(&r->clients);
		if (clients_fd(&r->clients) < 0)
			program_end(r);	/* it was the only one */
	}
}

static void
run_nic(struct server_thread *t)
{
	device_run_nic(t->run_of->device);
}

static void
run_faults(struct server_thread *t)
{
	struct err err;

	if (device_run_faults(t->run_of->device, &err) != 0)
		program_fail(t->run_of, &err);
}

static void *
thread_main(void *arg)
{
	struct server_thread *t = arg;
	struct err err;

	if (t->run_of->o.program.sandbox &&
	    server_sandbox_enter(t->sandbox, &err) != 0)
		program_fail(t->run_of, &err);
	else
		t->run(t);
	return NULL;
}

static int
thread_start(struct run *r, void (*run)(struct server_thread *t),
    enum server_sandbox sandbox, struct err *err)
{
	struct server_thread *t = &r->thread[r->threads];
	int error;

	t->run = run;
	t->run_of = r;
	t->sandbox = sandbox;
	error = pthread_create(&t->thread, NULL, thread_main, t);
	if (error != 0)
		return err_set(err, "cannot start a thread: %s",
		    strerror(error));
	r->threads++;
	return 0;
}

static int
threads_start(struct run *r, struct err *err)
{
	/* The NIC's timers count microseconds; the default slack is 50 us. */
	(void)prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	if (thread_start(r, run_nic, SERVER_NIC, err) != 0 ||
	    thread_start(r, run_vfio, SERVER_VFIO, err) != 0)
		return -1;
	return device_has_faults(r->device) ?
	    thread_start(r, run_faults, SERVER_FAULTS, err) :
	    0;
}

/*
 * A hostile VMM can give us what blocks for ever: an eventfd that is full, a
 * file of a FUSE mount that nobody serves.  A thread that waits there does not
 * end.  Returns whether all have ended.
 */
static bool
threads_end(struct run *r)
{
	unsigned int i;

	clients_stop(&r->clients);
	device_stop(r->device);
	for (i = 0; i < r->threads; i++)
		if (!quit_joined(r->thread[i].thread))
			return false;
	return true;
}

/* -------------------------------------------------------------- statistics */

/* stats_source.own: of vfio-user. */
static void
stats_own(void *ctx, struct json *out)
{
	struct device *d = ((struct run *)ctx)->device;
	struct vfu_stats s;

	vfu_stats(d->server, &s);
	json_put(out, "\"pages\":\"%s\",",
	    d->config.pages == NULL                       ? "none" :
		pages_kind(d->config.pages) == PAGES_FUSE ? "fuse" :
							    "memfd");
	json_put(out, "\"pages_pid\":%d,",
	    d->config.pages == NULL ? 0 : (int)pages_child(d->config.pages));
	json_put(out, "\"clients\":%llu,\"requests\":%llu,",
	    (unsigned long long)s.clients, (unsigned long long)s.requests);
	json_put(out, "\"reads\":%llu,\"writes\":%llu,\"posted\":%llu,",
	    (unsigned long long)s.reads, (unsigned long long)s.writes,
	    (unsigned long long)s.posted);
	json_put(out, "\"errors\":%llu,\"signals\":%llu,\"unmasks\":%llu,",
	    (unsigned long long)s.errors, (unsigned long long)s.interrupts,
	    (unsigned long long)s.unmasks);
}

static struct nic *
stats_nic(void *ctx, unsigned int i)
{
	return i == 0 ? ((struct run *)ctx)->device->nic : NULL;
}

/* Left out if nobody reads standard output: then we would wait, too. */
static void
stats_print(struct run *r)
{
	struct pollfd p = { .fd = STDOUT_FILENO, .events = POLLOUT };
	struct json out = { .used = 0 };

	if (poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT))
		return;
	(void)alarm(END_S);
	stats_put(&out, &r->stats);
	(void)alarm(0);
	(void)!write(STDOUT_FILENO, out.text, out.used);
}

/* ------------------------------------------------------------------- loop */

/* Returns how long not to try again, in ms. */
static int
accept_client(struct run *r)
{
	int got = clients_ready(&r->clients);
	struct err err;

	if (got > 0)
		say(r,
		    "refused a VMM: another one is connected, and a NIC has "
		    "only one; a second NIC is a second lem-nic");
	if (got >= 0)
		return 0;
	(void)err_set(&err, "cannot accept a VMM: %s", strerror(-got));
	say(r, err.text);
	return ACCEPT_MS;
}

/*
 * The last VMM has hung up, and the next one waits for the thread that serves
 * it: see threads_end().  Returns when to look again, in ms, or -1: never.
 */
static int
client_waits(struct run *r)
{
	struct err err;

	if (!clients_wait(&r->clients)) {
		r->stuck_ns = 0;
		return -1;
	}
	if (r->stuck_ns == 0)
		r->stuck_ns = now_ns() + END_S * NSEC;
	if (now_ns() >= r->stuck_ns) {
		(void)err_set(&err,
		    "the last VMM left a file or an eventfd that blocks: "
		    "start lem-nic again for the next VMM");
		program_fail(r, &err);
	}
	return ms_until(r->stuck_ns);
}

static int
sooner_ms(int a, int b)
{
	return b < 0 || (a >= 0 && a < b) ? a : b;
}

/*
 * Statistics wait for the model's locks.  A thread that never ends may have one
 * (threads_end()); then a signal would not end us.
 */
static void
on_alarm(int number)
{
	static const char text[] =
	    "lem-nic: a thread does not end: the VMM gave it a file or an "
	    "eventfd that blocks; statistics wait for it: start lem-nic "
	    "again\n";

	(void)number;
	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(EXIT_FAILURE);
}

static bool
control_answers(struct run *r)
{
	bool stay;

	(void)alarm(END_S);
	stay = control_ready(&r->control);
	(void)alarm(0);
	return stay;
}

/* Returns when a signal, a thread or a client of control ends the program. */
static void
wait_for_end(struct run *r)
{
	uint64_t stats_ns = now_ns() + r->o.stats_s * NSEC;
	struct pollfd fds[4] = {
		{ .fd = quit_fd(), .events = POLLIN },
		{ .fd = r->end_fd, .events = POLLIN },
		{ .fd = -1, .events = POLLIN },
		{ .fd = -1, .events = POLLIN },
	};
	int pause_ms = 0, wait_ms;
	bool stay = true;

	while (stay) {
		fds[2].fd = control_fd(&r->control);
		fds[3].fd = pause_ms > 0 ? -1 : clients_fd(&r->clients);
		wait_ms = r->o.stats_s > 0 ? ms_until(stats_ns) : -1;
		wait_ms = sooner_ms(wait_ms, client_waits(r));
		wait_ms = sooner_ms(wait_ms, pause_ms > 0 ? pause_ms : -1);
		pause_ms = 0;
		if (poll(fds, 4, wait_ms) < 0)
			continue;
		if (fds[0].revents != 0 || fds[1].revents != 0)
			return;
		if (fds[2].revents != 0)
			stay = control_answers(r);
		if (fds[3].revents != 0)
			pause_ms = accept_client(r);
		if (r->o.stats_s > 0 && now_ns() >= stats_ns) {
			stats_print(r);
			stats_ns += r->o.stats_s * NSEC;
		}
	}
}

/* ------------------------------------------------------------------ set up */

/* In a signal handler, too: a thread still runs. */
static int
run_leave(void)
{
	static const char text[] =
	    "lem-nic: a thread does not end: it waits for a file, or the VMM "
	    "gave it an eventfd that blocks; ended without it\n";

	if (!run.started)
		return EXIT_SUCCESS;
	if (!run.failed)
		quit_say(text);
	control_unlink(&run.control);
	clients_unlink(&run.clients);
	return EXIT_FAILURE;
}

static int
run_signals(struct run *r, struct err *err)
{
	if (quit_open(run_leave, err) != 0)
		return -1;
	(void)signal(SIGALRM, on_alarm);
	r->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return r->end_fd < 0 ? err_set(err, "eventfd: %s", strerror(errno)) : 0;
}

/* Doorbells that are never parked need no FUSE. */
static int
run_pages(struct run *r, struct pages **pages, struct err *err)
{
	enum nic_doorbell doorbell = r->o.nic.config.doorbell;
	struct err why = { .text = "" }, text;

	*pages = NULL;
	if (doorbell == NIC_DOORBELL_EXIT)
		return 0;
	*pages =
	    pages_open(doorbell == NIC_DOORBELL_AUTO ? PAGES_AUTO : PAGES_MEMFD,
		&why, err);
	if (*pages == NULL)
		return -1;
	if (why.text[0] != '\0') {
		(void)err_set(&text,
		    "%.300s; so an idle NIC is looked at from time to time",
		    why.text);
		print_line(text.text);
	}
	return 0;
}

static int
run_device(struct run *r, struct err *err)
{
	struct device_config config = { .warn = device_warns,
		.say = device_says,
		.ctx = r };

	if (nic_options_open(&r->o.nic, err) != 0)
		return err_in(err, "--nic");
	config.nic = r->o.nic.config;
	if (run_pages(r, &config.pages, err) != 0) {
		config.nic.backend->ops->close(config.nic.backend);
		return -1;
	}
	r->device = device_new(&config, err);
	return r->device == NULL ? -1 : 0;
}

static int
run_sockets(struct run *r, struct err *err)
{
	struct control_config config = { .where = r->o.program.control,
		.stats = &r->stats };

	r->stats = (struct stats_source){ "lem-nic", stats_own, stats_nic, r };
	r->has_clients = true;
	if (clients_open(&r->clients, r->o.socket, err) != 0)
		return -1;
	r->has_control = true;
	return control_open(&r->control, &config, err);
}

/* The sockets that we remove at the end stay removable. */
static int
run_confine(struct run *r, const struct confine_user *who, struct err *err)
{
	const char *path[] = {
		r->clients.bound ? r->clients.at.sun_path : NULL,
		r->control.listen_fd >= 0 ? r->control.at.sun_path : NULL,
		opts_get(&r->o.nic.opts, "local"),
		opts_get(&r->o.nic.opts, "path"),
	};

	confine_descriptors();
	if (confine_user_become(who, err) != 0)
		return -1;
	return r->o.program.sandbox ?
	    confine_files(path, sizeof(path) / sizeof(path[0]), -1, err) :
	    0;
}

static int
run_set_up(struct run *r, struct err *err)
{
	struct confine_user who;

	if (run_signals(r, err) != 0 ||
	    confine_user_find(r->o.program.user, &who, err) != 0)
		return -1;
	if (who.root)
		unix_owner(who.uid, who.gid);
	if (run_device(r, err) != 0 || run_sockets(r, err) != 0)
		return -1;
	return run_confine(r, &who, err);
}

static void
run_free(struct run *r)
{
	if (r->has_control)
		control_close(&r->control);
	if (r->has_clients)
		clients_close(&r->clients);
	if (r->device != NULL)
		device_free(r->device);
	if (r->end_fd >= 0)
		(void)close(r->end_fd);
}

static int
run_threads(struct run *r, struct err *err)
{
	int error;

	r->started = true;
	quit_hold(true);
	error = threads_start(r, err);
	quit_hold(false);
	return error;
}

static int
run_server(struct run *r)
{
	struct err err;
	int status = EXIT_SUCCESS;
	bool ended;

	r->end_fd = -1;
	pthread_mutex_init(&r->lock, NULL);
	if (run_set_up(r, &err) != 0) {
		run_free(r);
		if (quit_asked())
			return EXIT_SUCCESS;	/* it interrupts set-up */
		print_line(err.text);
		return err.usage ? EXIT_USAGE : EXIT_FAILURE;
	}
	if (run_threads(r, &err) != 0 ||
	    (r->o.program.sandbox &&
		(confine_limits(1024, &err) != 0 ||
		    server_sandbox_enter(SERVER_MAIN, &err) != 0)))
		program_fail(r, &err);
	else
		wait_for_end(r);
	ended = threads_end(r);
	if (r->failed) {
		print_line(r->why.text);
		status = EXIT_FAILURE;
	}
	if (!ended)
		_exit(run_leave());	/* free nothing: a thread may use it */
	run_free(r);
	return status;
}

int
main(int argc, char **argv)
{
	struct run *r = &run;
	struct err err;
	int parsed, status = EXIT_SUCCESS;

	command_standard_fds();
	parsed = server_options_parse(&r->o, argc, argv, &err);
	if (parsed < 0) {
		print_line(err.text);
		status = err.usage ? EXIT_USAGE : EXIT_FAILURE;
	}
	if (parsed == 0)
		status = run_server(r);
	server_options_free(&r->o);
	return status;
}
