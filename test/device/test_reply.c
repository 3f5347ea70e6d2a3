/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network that answers inside send(): e82540_reply().  Alone, and with
 * threads that transmit, deliver, and change registers at the same time; that
 * is also built with ThreadSanitizer.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "one_host.h"

#define TX_RING		HOST_RAM
#define RX_RING		(HOST_RAM + 0x1000)
#define TX_DATA		(HOST_RAM + 0x2000)
#define RX_DATA		(HOST_RAM + 0x4000)
#define COUNT		64u		/* descriptors of a ring */
#define ROUNDS		300u		/* of the guest, with threads */
#define MOST		10000000u	/* if there is no answer in these */

static atomic_bool stop;
static atomic_uint answered, refused;
static pthread_mutex_t lock[3] = { PTHREAD_MUTEX_INITIALIZER,
	PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER };
/* The network's own lock, which its send() takes (rule 2 of e82540.h). */
static pthread_mutex_t network = PTHREAD_MUTEX_INITIALIZER;
/* With what echo() answers: e82540_receive() will do if there are no locks. */
static unsigned int (*answer)(struct e82540 *dev,
    const struct e82540_frame *frame, unsigned int n);

static unsigned int
answer_receive(struct e82540 *dev, const struct e82540_frame *frame,
    unsigned int n)
{
	return e82540_receive(dev, h->now_ns, frame, n);
}

static void
lock_take(void *ctx, enum e82540_lock which)
{
	(void)ctx;
	pthread_mutex_lock(&lock[which]);
}

static void
lock_give(void *ctx, enum e82540_lock which)
{
	(void)ctx;
	pthread_mutex_unlock(&lock[which]);
}

/* Each packet comes back to all. */
static unsigned int
echo(void *ctx, const struct e82540_packet *packet, unsigned int n)
{
	uint8_t data[60];
	const struct e82540_frame frame = { data, sizeof(data), 0 };
	unsigned int i;

	(void)ctx;
	pthread_mutex_lock(&network);
	for (i = 0; i < n; i++) {
		assert_int_equal(packet[i].iov[0].len, sizeof(data));
		memcpy(data, packet[i].iov[0].base, sizeof(data));
		memset(data, 0xff, 6);
		if (answer(h->dev, &frame, 1) == 1)
			atomic_fetch_add(&answered, 1);
		else
			atomic_fetch_add(&refused, 1);
	}
	pthread_mutex_unlock(&network);
	return n;
}

static void
power(void)
{
	struct e1000_tx_desc tx = { .buffer_addr = TX_DATA,
		.length = 60,
		.cmd =
		    E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS | E1000_TXD_CMD_RS };
	unsigned int i;

	atomic_store(&answered, 0);
	atomic_store(&refused, 0);
	atomic_store(&stop, false);
	h->table.send = echo;
	answer = e82540_reply;
	host_power(h);
	for (i = 0; i < COUNT; i++)
		memcpy(host_ram(h, TX_RING + i * 16), &tx, 16);
	for (i = 0; i < 60; i++)
		((uint8_t *)host_ram(h, TX_DATA))[i] = i;
	host_write(h, E1000_TDBAL, TX_RING);
	host_write(h, E1000_TDLEN, COUNT * 16);
	host_rx_ring(h, RX_RING, COUNT, RX_DATA, 2048, COUNT - 1);
	host_write(h, E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_BAM);
	host_write(h, E1000_TCTL, E1000_TCTL_EN);
	host_write(h, E1000_IMS, E1000_ICR_RXT0);
}

/* Three packets, and their answers. */
static void
expect_answers(void)
{
	(void)host_read(h, E1000_ICR);
	host_write(h, E1000_TDT, 3);
	assert_int_equal(atomic_load(&answered), 3);
	assert_int_equal(host_read(h, E1000_RDH), 3);
	assert_int_equal(h->edges, 1);
	assert_true(host_read(h, E1000_ICR) & E1000_ICR_RXT0);
	assert_int_equal(host_counters(h).rx_packets, 3);
	assert_int_equal(((uint8_t *)host_ram(h, RX_DATA))[59], 59);
}

static void
test_reply(void **state)
{
	const struct e82540_frame frame = { NULL, 60, 0 };

	(void)state;
	power();
	expect_answers();
	/* Outside of send() it consumes nothing. */
	assert_int_equal(e82540_reply(h->dev, &frame, 1), 0);
}

static void
test_receive_in_send(void **state)
{
	(void)state;
	power();
	answer = answer_receive;
	expect_answers();
}

/* Ring and FIFO full: the network keeps its answer, and hears of room. */
static void
test_reply_full(void **state)
{
	unsigned int i;

	(void)state;
	power();
	host_write(h, E1000_PBA, 1);
	for (i = 0; i < 2; i++)
		host_write(h, E1000_TDT, i == 0 ? COUNT - 1 : COUNT - 2);
	assert_true(atomic_load(&refused) > 0);
	assert_int_equal(h->rx_readies, 0);
	host_write(h, E1000_RDT, (host_read(h, E1000_RDH) + COUNT - 1) % COUNT);
	assert_int_equal(h->rx_readies, 1);
}

/* ---------------------------------------------------------------- threads */

static void *
deliver(void *arg)
{
	static const uint8_t data[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	const struct e82540_frame frame = { data, sizeof(data), 0 };

	(void)arg;
	while (!atomic_load(&stop))
		(void)e82540_receive(h->dev, 0, &frame, 1);
	return NULL;
}

static void *
switch_paths(void *arg)
{
	(void)arg;
	while (!atomic_load(&stop)) {
		host_write(h, E1000_TCTL, 0);
		host_write(h, E1000_TCTL, E1000_TCTL_EN);
		host_write(h, E1000_RCTL, 0);
		host_write(h, E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_BAM);
	}
	return NULL;
}

static void
test_threads(void **state)
{
	pthread_t thread[2];
	unsigned int i;

	(void)state;
	h->table.lock = lock_take;
	h->table.unlock = lock_give;
	power();
	assert_int_equal(pthread_create(&thread[0], NULL, deliver, NULL), 0);
	assert_int_equal(pthread_create(&thread[1], NULL, switch_paths, NULL),
	    0);
	for (i = 0; i < ROUNDS || (atomic_load(&answered) == 0 && i < MOST);
	     i++) {
		host_write(h, E1000_TDT, i * 7 % COUNT);
		host_write(h, E1000_RDT,
		    (host_read(h, E1000_RDH) + COUNT - 1) % COUNT);
	}
	atomic_store(&stop, true);
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_true(atomic_load(&answered) > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ONE_HOST_TEST(test_reply),
		ONE_HOST_TEST(test_receive_in_send),
		ONE_HOST_TEST(test_reply_full),
		ONE_HOST_TEST(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
