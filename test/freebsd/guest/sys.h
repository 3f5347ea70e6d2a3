/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FreeBSD system calls without a C library, and the few functions of one that
 * the guest needs.  A call that fails returns -errno.
 */
#ifndef SYS_H
#define SYS_H

#include <sys/types.h>
#include <sys/errno.h>
#include <sys/syscall.h>

static inline long
sys(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	unsigned char failed;
	long result;

	__asm__ volatile("syscall; setc %1"
			 : "=a"(result), "=r"(failed), "+d"(c), "+r"(r10),
			 "+r"(r8), "+r"(r9)
			 : "0"(number), "D"(a), "S"(b)
			 : "rcx", "r11", "memory", "cc");
	return failed ? -result : result;
}

#define SYS0(name) sys(SYS_##name, 0, 0, 0, 0, 0, 0)
#define SYS1(name, a) sys(SYS_##name, (long)(a), 0, 0, 0, 0, 0)
#define SYS2(name, a, b) sys(SYS_##name, (long)(a), (long)(b), 0, 0, 0, 0)
#define SYS3(name, a, b, c)                                                    \
	sys(SYS_##name, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define SYS6(name, a, b, c, d, e, f)                                           \
	sys(SYS_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), \
	    (long)(f))

size_t length(const char *s);
int same(const char *a, const char *b);
int begins(const char *s, const char *with);
void copy(char *to, const char *from, size_t bytes);	/* and its end */
unsigned long number(const char *s);	/* as far as digits go */
void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
int memcmp(const void *a, const void *b, size_t n);

/* say: to the console; of %s %d (long) %x only. */
void say(const char *format, ...);

unsigned long now_us(void);
void sleep_us(unsigned long us);

#endif
