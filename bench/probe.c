/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What this machine has to measure with: QEMU, lem-vm, lem-nic, KVM, FreeBSD,
 * the clock.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "measure.h"

#define CAPTURE_TIMEOUT_MS	10000
#define KVM_API		12	/* since 2007 */

/*
 * Run a command and keep what it prints, up to out_bytes.  Returns its exit
 * status, -1 if it did not run.
 */
static int
capture(char *const argv[], char *out, size_t out_bytes)
{
	size_t used = 0;
	int fd[2], null, status;
	ssize_t n;
	struct pollfd pfd;
	pid_t pid;

	out[0] = '\0';
	if (pipe2(fd, O_CLOEXEC) != 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		null = open("/dev/null", O_RDWR);
		if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
		    dup2(fd[1], STDOUT_FILENO) < 0 ||
		    dup2(fd[1], STDERR_FILENO) < 0)
			_exit(127);
		execvp(argv[0], argv);
		_exit(127);
	}
	(void)close(fd[1]);
	pfd = (struct pollfd){ .fd = fd[0], .events = POLLIN };
	while (pid > 0 && used < out_bytes - 1) {
		if (poll(&pfd, 1, CAPTURE_TIMEOUT_MS) == 0)
			(void)kill(pid, SIGKILL);
		n = read(fd[0], out + used, out_bytes - 1 - used);
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	out[used] = '\0';
	(void)close(fd[0]);
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static void __attribute__((format(printf, 3, 4)))
set_missing(struct lem_host *host, enum lem_need need, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(host->missing[need], sizeof(host->missing[need]),
	    format, ap);
	va_end(ap);
}

static void
probe_qemu(struct lem_host *host, struct lem_machine *machine, const char *qemu)
{
	char *version[] = { host->qemu, "--version", NULL };
	char *device[] = { host->qemu, "-device", "e1000,help", NULL };
	char text[16384];

	(void)snprintf(host->qemu, sizeof(host->qemu), "%s",
	    qemu != NULL ? qemu : "qemu-system-x86_64");
	if (capture(version, text, sizeof(text)) != 0) {
		set_missing(host, LEM_NEED_QEMU,
		    "%.80s does not run: install qemu-system-x86, or name a "
		    "QEMU with --qemu PATH",
		    host->qemu);
		return;
	}
	(void)snprintf(machine->qemu, sizeof(machine->qemu), "%.*s",
	    (int)strcspn(text, "\n"), text);
	if (capture(device, text, sizeof(text)) != 0)
		set_missing(host, LEM_NEED_QEMU,
		    "%.80s has no e1000: name another with --qemu PATH",
		    host->qemu);
	else if (strstr(text, "mitigation=") == NULL)
		set_missing(host, LEM_NEED_MITIGATION,
		    "this QEMU cannot switch moderation off (gone in 10.0): "
		    "name an older one, such as Debian 12's 7.2, with --qemu "
		    "PATH");
}

/* The path of a file in the folder of this program. */
static void
beside_us(char *path, size_t bytes, const char *name)
{
	char self[256];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash != NULL)
		slash[1] = '\0';
	(void)snprintf(path, bytes, "%.240s%s", self, name);
}

/* A program of ours: as named, else beside this one, else from PATH. */
static void
probe_ours(struct lem_host *host, enum lem_need need, const char *name,
    const char *named, char *path, size_t path_bytes)
{
	char *help[] = { path, "--help", NULL };
	char text[4096];

	if (named != NULL)
		(void)snprintf(path, path_bytes, "%s", named);
	else
		beside_us(path, path_bytes, name);
	if (named == NULL && access(path, X_OK) != 0)
		(void)snprintf(path, path_bytes, "%s", name);
	if (capture(help, text, sizeof(text)) != 0)
		set_missing(host, need,
		    "%.80s does not run: build it, or name it with --%s PATH",
		    path, name);
}

/* Has this QEMU vfio-user-pci?  If it has not, it exits with 0, too. */
static bool
has_vfio_user(char *qemu)
{
	char *device[] = { qemu, "-device", "vfio-user-pci,help", NULL };
	char text[16384];

	return capture(device, text, sizeof(text)) == 0 &&
	    strstr(text, "socket=") != NULL;
}

/* The QEMU of lem-nic's cells: the one to measure, if it is new enough. */
static void
probe_nic_qemu(struct lem_host *host, struct lem_machine *machine,
    const char *named)
{
	char *version[] = { host->nic_qemu, "--version", NULL };
	char text[16384];

	(void)snprintf(host->nic_qemu, sizeof(host->nic_qemu), "%s",
	    named != NULL ? named : host->qemu);
	if (named == NULL && !has_vfio_user(host->nic_qemu))
		beside_us(host->nic_qemu, sizeof(host->nic_qemu),
		    "qemu/qemu-system-x86_64");
	if (!has_vfio_user(host->nic_qemu)) {
		set_missing(host, LEM_NEED_VFIO_USER,
		    "%.60s has no vfio-user-pci (QEMU 10.1 or later): sh "
		    "test/qemu-from-debs.sh gets one, or name one with "
		    "--nic-qemu PATH",
		    named != NULL ? named : host->qemu);
		return;
	}
	if (capture(version, text, sizeof(text)) == 0)
		(void)snprintf(machine->nic_qemu, sizeof(machine->nic_qemu),
		    "%.*s", (int)strcspn(text, "\n"), text);
}

/* The kernel, and what is booted with it: a folder beside this program. */
static void
probe_freebsd(struct lem_host *host, const char *kernel)
{
	char path[300], *dir = host->freebsd_dir;

	beside_us(dir, sizeof(host->freebsd_dir), "freebsd");
	(void)snprintf(path, sizeof(path), "%s/bench.iso", dir);
	if (kernel == NULL)
		kernel = getenv("FREEBSD_KERNEL");
	if (kernel == NULL || *kernel == '\0')
		set_missing(host, LEM_NEED_FREEBSD,
		    "no FreeBSD: name a kernel with --freebsd-kernel FILE");
	else if (access(kernel, R_OK) != 0)
		set_missing(host, LEM_NEED_FREEBSD, "%.100s: %s", kernel,
		    strerror(errno));
	else if (access(path, R_OK) != 0)
		set_missing(host, LEM_NEED_FREEBSD,
		    "no %.80s: make bench FREEBSD_SRC=DIR "
		    "FREEBSD_KERNEL=FILE builds it",
		    path);
	else
		(void)snprintf(host->freebsd_kernel,
		    sizeof(host->freebsd_kernel), "%s", kernel);
}

/* The folder that "make linux-guest" fills. */
static void
probe_linux(struct lem_host *host, const char *dir)
{
	static const char *const file[] = { "vmlinuz", "guest.img",
		"bin/lem-traffic", "lem.ko" };
	char path[300];
	size_t i;

	if (dir == NULL)
		beside_us(host->linux_dir, sizeof(host->linux_dir),
		    "linux/image");
	else
		(void)snprintf(host->linux_dir, sizeof(host->linux_dir), "%s",
		    dir);
	for (i = 0; i < sizeof(file) / sizeof(file[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", host->linux_dir,
		    file[i]);
		if (access(path, R_OK) == 0)
			continue;
		set_missing(host, LEM_NEED_LINUX,
		    "no %.100s: make linux-guest builds it, or name its folder "
		    "with --linux DIR",
		    path);
		return;
	}
}

/* Why /dev/kvm does not open: errno. */
static void
kvm_not_open(struct lem_host *host)
{
	if (errno == EACCES || errno == EPERM)
		set_missing(host, LEM_NEED_KVM,
		    "no permission on /dev/kvm: run as root, or join its group "
		    "(adduser USER kvm) and log in again");
	else
		set_missing(host, LEM_NEED_KVM,
		    "no /dev/kvm (%s): switch virtualization on in the "
		    "firmware or in the hypervisor below, and load kvm-intel "
		    "or kvm-amd",
		    strerror(errno));
}

static void
probe_kvm(struct lem_host *host)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm = -1, version;

	if (kvm < 0) {
		kvm_not_open(host);
		return;
	}
	version = ioctl(kvm, KVM_GET_API_VERSION, 0);
	if (version < 0)
		set_missing(host, LEM_NEED_KVM, "/dev/kvm is not KVM: %s",
		    strerror(errno));
	else if (version != KVM_API)
		set_missing(host, LEM_NEED_KVM,
		    "unsupported KVM API version %d: lem-bench needs %d",
		    version, KVM_API);
	else if ((vm = ioctl(kvm, KVM_CREATE_VM, 0)) < 0)
		set_missing(host, LEM_NEED_KVM, "KVM cannot make a VM: %s",
		    strerror(errno));
	if (vm >= 0)
		(void)close(vm);
	(void)close(kvm);
}

/* The value behind the first `key` in a file, up to the end of its line. */
static void
file_value(const char *path, const char *key, char *out, size_t out_bytes)
{
	FILE *f = fopen(path, "re");
	char line[4096], *value;

	(void)snprintf(out, out_bytes, "unknown");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		value = line + strlen(key);
		value += strspn(value, "\t :=\"");
		(void)snprintf(out, out_bytes, "%.*s",
		    (int)strcspn(value, "\"\n"), value);
		break;
	}
	if (f != NULL)
		(void)fclose(f);
}

static uint64_t
rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/* The TSC's rate, against the system clock for 50 ms. */
static uint64_t
probe_tsc(void)
{
	double start = lem_now(), passed;
	uint64_t tsc = rdtsc();

	do
		passed = lem_now() - start;
	while (passed < 0.05);
	return (uint64_t)((double)(rdtsc() - tsc) / passed);
}

/* "not usable", "usable" or, in a guest, "usable, nested". */
static void
describe_kvm(struct lem_machine *machine, bool usable, const char *flags)
{
	bool nested = usable && strstr(flags, "hypervisor") != NULL;
	bool flag =
	    strstr(flags, " svm") != NULL || strstr(flags, " vmx") != NULL;

	(void)snprintf(machine->kvm, sizeof(machine->kvm), "%s%s%s",
	    usable ? "usable" : "not usable", nested ? ", nested" : "",
	    nested && !flag ? " (no svm or vmx flag)" : "");
}

void
lem_probe(struct lem_host *host, struct lem_machine *machine,
    const struct lem_named *named)
{
	char flags[4096];
	struct utsname u;
	time_t t = time(NULL);
	struct tm tm;

	memset(host, 0, sizeof(*host));
	memset(machine, 0, sizeof(*machine));
	file_value("/proc/cpuinfo", "model name", machine->cpu,
	    sizeof(machine->cpu));
	file_value("/proc/cpuinfo", "flags", flags, sizeof(flags));
	file_value("/etc/os-release", "PRETTY_NAME", machine->os,
	    sizeof(machine->os));
	if (uname(&u) == 0)
		(void)snprintf(machine->kernel, sizeof(machine->kernel),
		    "%.31s %.80s", u.sysname, u.release);
	machine->cores = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	(void)strftime(machine->date, sizeof(machine->date),
	    "%Y-%m-%d %H:%M UTC", gmtime_r(&t, &tm));
	probe_qemu(host, machine, named->qemu);
	probe_nic_qemu(host, machine, named->nic_qemu);
	probe_ours(host, LEM_NEED_LEM_VM, "lem-vm", named->lem_vm, host->lem_vm,
	    sizeof(host->lem_vm));
	probe_ours(host, LEM_NEED_LEM_NIC, "lem-nic", named->lem_nic,
	    host->lem_nic, sizeof(host->lem_nic));
	probe_freebsd(host, named->freebsd);
	probe_linux(host, named->linux_dir);
	probe_kvm(host);
	describe_kvm(machine, lem_host_has(host, LEM_NEED_KVM), flags);
	host->tsc_hz = probe_tsc();
}
