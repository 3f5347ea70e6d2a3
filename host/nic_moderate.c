/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Adaptive moderation (nic_moderate.h): the rules, and how a NIC uses them.
 *
 * Only while a thread looks all the time: the NIC's in BUSY, or one that calls
 * nic_look().  Before that ends the interval is 0 again.  If the thread does
 * not come to look, the model's own timer ends the wait.
 */
#include <string.h>

#include "nic_impl.h"

#define QUIET_MIN_NS	2000u	/* no write of TDT: waits for an interrupt */
#define QUIET_MAX_NS	20000u
#define QUIET_GAPS	4u	/* nor less than so many gaps of the stream */
#define SMALL_BYTES	256u	/* of a packet */
#define BACKLOG		8u	/* packets that waited in the guest */
#define BACKLOG_NS	600000u	/* then: no write of TDT is no pause */
#define FRAMES_QUIET_NS	25000u	/* the backend was asked, and had none */

/* ------------------------------------------------------------- the rules */

/* The clock may have stepped back, or another thread's be ahead. */
static uint64_t
since(uint64_t now_ns, uint64_t then_ns)
{
	return now_ns > then_ns ? now_ns - then_ns : 0;
}

/*
 * The read of ICR is about half way: its own exit, the handler and the EOI
 * follow.
 *
 * The lower quartile of the last samples: a guest that had interrupts off, or
 * no processor, was late, and that is not what an interrupt costs.
 */
static void
cost_learn(struct moderate *m, uint64_t latency_ns)
{
	uint64_t sorted[MODERATE_SAMPLES], v;
	unsigned int i, at, n;

	if (m->samples == MODERATE_SAMPLES)
		for (m->samples--, i = 0; i < m->samples; i++)
			m->sample[i] = m->sample[i + 1];
	m->sample[m->samples++] =
	    latency_ns < MODERATE_MAX_NS / 2 ? latency_ns * 2 : MODERATE_MAX_NS;
	memcpy(sorted, m->sample, sizeof(sorted));
	for (n = 1; n < m->samples; n++) {
		v = sorted[n];
		for (at = n; at > 0 && sorted[at - 1] > v; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = v;
	}
	m->cost_ns = sorted[m->samples / 4];
}

/*
 * Packets that come closer together than an interrupt costs are a stream: no
 * exchange of requests and answers is as fast, as it takes an interrupt for
 * each.  A stream ends where they are twice as far apart.
 */
static void
stream_follow(const struct moderate *m, struct moderate_path *path,
    uint64_t packets, uint64_t ns)
{
	uint64_t n = packets - path->packets, gap_ns = n > 0 ? ns / n : 0;

	path->packets = packets;
	path->gap_ns = gap_ns;
	if (n > 0 && gap_ns <= m->cost_ns)
		path->stream = true;
	else if (n < 2 || gap_ns > 2 * m->cost_ns)
		path->stream = false;
}

/* It changes by a quarter, or not at all. */
static void
interval_follow(struct moderate *m)
{
	uint64_t share = m->traps ? MODERATE_TRAPS : MODERATE_SHARE;
	uint64_t ns = 0, was = m->hold_ns;

	if (m->tx.stream || m->rx.stream)
		ns = m->cost_ns < MODERATE_MAX_NS / share ? m->cost_ns * share :
							    MODERATE_MAX_NS;
	if (ns == 0 || was == 0 || ns > was + was / 4 || ns < was - was / 4)
		m->hold_ns = ns;
}

void
moderate_answer(struct moderate *m, const struct moderate_view *v,
    uint64_t at_ns, uint64_t latency_ns, uint32_t tx_ring, uint32_t rx_ring)
{
	uint64_t ns = since(at_ns, m->answer_ns);

	m->tx.ring = tx_ring;
	m->rx.ring = rx_ring;
	m->answer_ns = at_ns;
	cost_learn(m, latency_ns);
	stream_follow(m, &m->tx, v->sent, ns);
	stream_follow(m, &m->rx, v->received, ns);
	interval_follow(m);
}

/*
 * Registers trap to another process, so that an interrupt is dear.  A guest may
 * bound what it gives the NIC (Linux: byte queue limits).  Then it does not
 * write TDT, but goes on to queue small packets: a socket's buffer has room for
 * hundreds.  After an interrupt its first write of TDT brings many at once.
 */
static uint64_t
patient_ns(const struct moderate *m, const struct moderate_view *v)
{
	uint64_t ns = 2 * m->cost_ns;

	return v->backlog >= BACKLOG && ns < BACKLOG_NS ? BACKLOG_NS : ns;
}

/*
 * A guest that writes TDT no more has filled its ring, or its stream pauses.
 * The longer an interrupt takes, the longer it is worth waiting for another
 * packet; but not if the ring may be full.  After an interrupt the guest is in
 * its handler at first.
 */
static enum moderate_reason
look_tx(const struct moderate *m, const struct moderate_view *v)
{
	uint64_t sent = v->sent - m->tx.packets;
	bool full = sent >= m->tx.ring / 4 * 3 && sent <= m->tx.ring;
	uint64_t quiet_ns = full ? 0 : m->cost_ns / 4, begin_ns = v->tail_ns;

	if (quiet_ns < QUIET_MIN_NS)
		quiet_ns = QUIET_MIN_NS;
	if (quiet_ns > QUIET_MAX_NS)
		quiet_ns = QUIET_MAX_NS;
	if (m->traps && !full && v->bytes <= SMALL_BYTES)
		quiet_ns = patient_ns(m, v);
	/* A guest that is as slow (an emulated one) has not paused yet. */
	if (quiet_ns < QUIET_GAPS * m->tx.gap_ns)
		quiet_ns = QUIET_GAPS * m->tx.gap_ns;
	if (v->tail_ns <= m->answer_ns) {
		begin_ns = m->answer_ns;
		quiet_ns += 2 * m->cost_ns;
	}
	if (since(v->now_ns, begin_ns) < quiet_ns)
		return MODERATE_HOLD;
	return full ? MODERATE_RING : MODERATE_PAUSE;
}

static enum moderate_reason
look_rx(const struct moderate *m, const struct moderate_view *v)
{
	if (!m->rx.stream)
		return MODERATE_FRAME;
	if (v->frames_wait || v->received - m->rx.packets >= m->rx.ring / 2)
		return MODERATE_HALF;
	if (since(v->now_ns, v->frame_ns) >= FRAMES_QUIET_NS)
		return MODERATE_PAUSE;
	return MODERATE_HOLD;
}

enum moderate_reason
moderate_look(const struct moderate *m, const struct moderate_view *v)
{
	enum moderate_reason reason = MODERATE_HOLD;

	if (v->rx_held)
		reason = look_rx(m, v);
	/* A guest that only receives does not write TDT. */
	if (reason == MODERATE_HOLD && (v->tx_held || m->tx.stream))
		reason = look_tx(m, v);
	return reason;
}

void
moderate_end(struct moderate *m)
{
	m->hold_ns = 0;
	m->tx.stream = m->rx.stream = false;
}

/* ------------------------------------------- what other threads tell it */

void
moderation_raised(struct nic *nic)
{
	struct moderation *m = &nic->moderation;

	if (m->adaptive)
		atomic_store(&m->raised_ns, now_ns());
}

/* The guest has read ICR. */
void
moderation_answered(struct nic *nic)
{
	struct moderation *m = &nic->moderation;
	uint64_t raised_ns, now;

	if (!m->adaptive)
		return;
	raised_ns = atomic_exchange(&m->raised_ns, 0);
	if (raised_ns == 0)
		return;
	now = now_ns();
	atomic_store(&m->latency_ns, since(now, raised_ns));
	atomic_store(&m->answered_ns, now);
}

void
moderation_sent(struct nic *nic, uint64_t now, unsigned int n)
{
	struct moderation *m = &nic->moderation;

	if (atomic_load(&nic->loop.tail_ns) < atomic_load(&m->answered_ns))
		atomic_store(&m->backlog, n);
	atomic_store(&nic->loop.tail_ns, now);
}

/* ------------------------------------------------- the thread that looks */

static void
hold_set(struct nic *nic)
{
	struct moderation *m = &nic->moderation;

	if (m->policy.hold_ns == m->hold_ns)
		return;
	m->hold_ns = m->policy.hold_ns;
	e82540_moderation_hold(nic->dev, now_ns(), m->policy.hold_ns);
}

static uint32_t
ring_length(struct nic *nic, uint32_t len)
{
	return e82540_peek(nic->dev, len) / E1000_DESC_BYTES;
}

void
moderation_look(struct nic *nic, uint64_t now)
{
	uint32_t held = e82540_moderation_held(nic->dev);
	struct moderation *m = &nic->moderation;
	struct moderate_view v = {
		.now_ns = now,
		.tail_ns = atomic_load(&nic->loop.tail_ns),
		.frame_ns = nic->loop.frame_ns,
		.tx_held = held & (E1000_ICR_TXDW | E1000_ICR_TXQE),
		.rx_held = held & E1000_ICR_RXT0,
		.frames_wait = atomic_load(&nic->loop.frames_wait),
		.backlog = atomic_load(&m->backlog),
		.bytes = atomic_load(&nic->sent_bytes),
	};
	uint64_t answered_ns = atomic_load(&m->answered_ns);
	enum moderate_reason reason;

	v.sent = nic->sent;
	v.received = nic->packets - v.sent;
	if (answered_ns != m->seen_ns) {
		m->seen_ns = answered_ns;
		m->counted = false;
		moderate_answer(&m->policy, &v, answered_ns,
		    atomic_load(&m->latency_ns), ring_length(nic, E1000_TDLEN),
		    ring_length(nic, E1000_RDLEN));
		m->cost_ns = m->policy.cost_ns;
		hold_set(nic);
	}
	if (held == 0)
		return;
	if (!m->counted)
		m->held++;
	m->counted = true;
	reason = moderate_look(&m->policy, &v);
	if (reason == MODERATE_HOLD)
		return;
	m->released[reason]++;
	e82540_moderation_release(nic->dev, now_ns());
}

void
moderation_end(struct nic *nic)
{
	moderate_end(&nic->moderation.policy);
	hold_set(nic);
}
