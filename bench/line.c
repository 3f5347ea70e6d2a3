/* SPDX-License-Identifier: BSD-2-Clause */
#include "line.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "clock.h"

#define LASTS_S		1e-3	/* longer if others use the processors */
#define LASTS_MAX_S	20e-3
#define TRIPS		500u	/* timed together; the least counts */
#define LOOKS_CLOCK	1024u	/* looks, of which one looks at the clock */

struct line {
	_Alignas(128) atomic_uint ball;	/* odd: the other thread's turn */
	_Alignas(128) atomic_bool stop;
	int cpu[2];
	double least;
};

static void
run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static void *
play_back(void *arg)
{
	struct line *l = arg;
	unsigned int ball;

	run_on(l->cpu[1]);
	while (!atomic_load_explicit(&l->stop, memory_order_relaxed)) {
		ball = atomic_load_explicit(&l->ball, memory_order_acquire);
		if (ball % 2 == 1)
			atomic_store_explicit(&l->ball, ball + 1,
			    memory_order_release);
	}
	return NULL;
}

/* What one trip takes, in seconds; INFINITY if it is past `until`. */
static double
trips(struct line *l, double until)
{
	double begin = lem_now();
	unsigned int i, ball, looks = 0;

	for (i = 0; i < TRIPS; i++) {
		ball = atomic_load_explicit(&l->ball, memory_order_relaxed);
		atomic_store_explicit(&l->ball, ball + 1, memory_order_release);
		while (atomic_load_explicit(&l->ball, memory_order_acquire) !=
		    ball + 2)
			if (++looks % LOOKS_CLOCK == 0 && lem_now() > until)
				return INFINITY;
	}
	return (lem_now() - begin) / TRIPS;
}

static void *
play(void *arg)
{
	struct line *l = arg;
	double begin = lem_now();

	run_on(l->cpu[0]);
	l->least = INFINITY;
	while (lem_now() - begin < (isfinite(l->least) ? LASTS_S : LASTS_MAX_S))
		l->least = fmin(l->least, trips(l, begin + LASTS_MAX_S));
	return NULL;
}

/* The first two processors of this process.  Returns whether it has two. */
static bool
two_cpus(int cpu[2])
{
	cpu_set_t set;
	int i, n = 0;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return false;
	for (i = 0; i < CPU_SETSIZE && n < 2; i++)
		if (CPU_ISSET(i, &set))
			cpu[n++] = i;
	return n == 2;
}

double
lem_line_ns(void)
{
	struct line l = { .least = INFINITY };
	pthread_t back, forth;

	if (!two_cpus(l.cpu) || pthread_create(&back, NULL, play_back, &l) != 0)
		return NAN;
	/* A thread of its own, as the caller may not stay on a processor. */
	if (pthread_create(&forth, NULL, play, &l) == 0)
		(void)pthread_join(forth, NULL);
	atomic_store(&l.stop, true);
	(void)pthread_join(back, NULL);
	return isfinite(l.least) ? l.least * 1e9 : NAN;
}
