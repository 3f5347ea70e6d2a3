/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hostile VMM gives lem-nic an eventfd that blocks: it takes O_NONBLOCK away
 * and fills it.  Then a thread of lem-nic never ends.  lem-nic itself does, at
 * a signal or when the next VMM comes.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"
#include "dir.h"
#include "e1000_hw.h"
#include "fds.h"
#include "vfu_message.h"

static const char *path;		/* of the socket */
static pid_t nic;
static int says_fd;			/* its standard error */

static int
vmm_connect(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unsigned int i;

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	for (i = 0; i < 1000; i++) {
		if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
			return fd;
		(void)usleep(10000);
	}
	fail_msg("lem-nic does not listen");
	return -1;
}

static void
vmm_send(int vmm, uint16_t command, const void *payload, uint32_t n, int fd)
{
	struct {
		struct vfu_header header;
		uint8_t payload[64];
	} m = { { 0, command, (uint32_t)sizeof(m.header) + n, 0, 0 }, { 0 } };

	assert_true(n <= sizeof(m.payload));
	memcpy(m.payload, payload, n);
	assert_int_equal(fds_send(vmm, &m, m.header.bytes, 0, &fd, fd >= 0),
	    m.header.bytes);
}

static void
vmm_answered(int vmm)
{
	struct vfu_header header;
	uint8_t payload[VFU_PAYLOAD_MAX];
	size_t n;

	assert_int_equal(recv(vmm, &header, sizeof(header), MSG_WAITALL),
	    sizeof(header));
	assert_int_equal(header.flags, VFU_TYPE_REPLY);
	n = header.bytes - sizeof(header);
	if (n > 0)
		assert_int_equal(recv(vmm, payload, n, MSG_WAITALL), n);
}

static void
reg_write(int vmm, uint32_t reg, uint32_t value)
{
	struct {
		struct vfu_access at;
		uint32_t value;
	} w = { { reg, 0, sizeof(value) }, value };

	vmm_send(vmm, VFU_REGION_WRITE, &w, sizeof(w.at) + sizeof(value), -1);
}

/*
 * It hangs up after so long, when a thread of lem-nic waits for the eventfd;
 * `locked`: with the model's lock.
 */
static void
vmm_block(bool locked, unsigned int ms)
{
	const struct vfu_version version = { 0, 0 };
	const uint64_t full = UINT64_MAX - 1;
	struct vfu_irq_set set = { sizeof(set),
		VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, 0, 0,
		1 };
	int vmm = vmm_connect(), event = eventfd(0, EFD_CLOEXEC);

	vmm_send(vmm, VFU_VERSION, &version, sizeof(version), -1);
	vmm_answered(vmm);
	vmm_send(vmm, VFU_DEVICE_SET_IRQS, &set, sizeof(set), event);
	vmm_answered(vmm);
	assert_int_equal(fcntl(event, F_SETFL, 0), 0);
	assert_int_equal(write(event, &full, sizeof(full)), sizeof(full));
	if (locked) {
		reg_write(vmm, E1000_IMS, E1000_ICR_LSC);
		reg_write(vmm, E1000_ICS, E1000_ICR_LSC);
	} else {
		set.flags =
		    VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER;
		vmm_send(vmm, VFU_DEVICE_SET_IRQS, &set, sizeof(set), -1);
	}
	(void)usleep(ms * 1000);
	(void)close(event);
	(void)close(vmm);
}

static void
nic_begin(void)
{
	const char *build = getenv("BUILD");
	char program[4096];
	int out[2];

	(void)snprintf(program, sizeof(program), "%s/lem-nic",
	    build != NULL ? build : "build");
	if (access(program, X_OK) != 0) {
		print_message("%s is not here\n", program);
		skip();
	}
	path = dir_path("nic.sock");
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	nic = fork();
	if (nic == 0) {
		(void)dup2(out[1], STDERR_FILENO);
		(void)dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
		(void)execl(program, "lem-nic", "--socket", path, "--stats",
		    "1", "--control", "off", "--nic", "doorbell=trap", NULL);
		_exit(127);
	}
	(void)close(out[1]);
	says_fd = out[0];
}

/*
 * Within 20 seconds, and says so.  Returns false if it ends well: no thread
 * waited yet.
 */
static bool
nic_ends(const char *text)
{
	char said[1024] = "";
	int status = -1;
	unsigned int i;
	bool well;

	for (i = 0; i < 2000 && waitpid(nic, &status, WNOHANG) == 0; i++)
		(void)usleep(10000);
	if (i == 2000) {
		(void)kill(nic, SIGKILL);
		fail_msg("it does not end");
	}
	assert_true(WIFEXITED(status));
	well = WEXITSTATUS(status) == EXIT_SUCCESS;
	if (!well) {
		assert_int_equal(WEXITSTATUS(status), EXIT_FAILURE);
		assert_true(read(says_fd, said, sizeof(said) - 1) > 0);
		assert_non_null(strstr(said, text));
	}
	(void)close(says_fd);
	(void)unlink(path);
	return !well;
}

/* Later and later, until a thread waits when the signal comes. */
static void
signal_ends(bool locked, unsigned int ms)
{
	unsigned int i;

	for (i = 0; i < 6; i++) {
		nic_begin();
		vmm_block(locked, ms << i);
		(void)kill(nic, SIGTERM);
		if (nic_ends("a thread does not end"))
			return;
	}
	fail_msg("no thread waits for the eventfd");
}

static void
test_signal(void **state)
{
	(void)state;
	signal_ends(false, 200);
}

static void
test_next_vmm(void **state)
{
	int vmm;

	(void)state;
	nic_begin();
	vmm_block(false, 200);
	vmm = vmm_connect();
	assert_true(nic_ends("start lem-nic again for the next VMM"));
	(void)close(vmm);
}

/* Statistics, each second, wait for the lock. */
static void
test_lock(void **state)
{
	(void)state;
	signal_ends(true, 1700);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_next_vmm),
		cmocka_unit_test(test_lock),
	};

	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}
