/* SPDX-License-Identifier: BSD-2-Clause */
#include "sys.h"

#include <sys/time.h>

size_t
length(const char *s)
{
	size_t n = 0;

	while (s[n] != '\0')
		n++;
	return n;
}

int
same(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b)
		a++, b++;
	return *a == *b;
}

int
begins(const char *s, const char *with)
{
	while (*with != '\0')
		if (*s++ != *with++)
			return 0;
	return 1;
}

void
copy(char *to, const char *from, size_t bytes)
{
	while (bytes-- > 1 && *from != '\0')
		*to++ = *from++;
	*to = '\0';
}

unsigned long
number(const char *s)
{
	unsigned long n = 0;

	while (*s >= '0' && *s <= '9')
		n = n * 10 + (unsigned long)(*s++ - '0');
	return n;
}

void *
memcpy(void *to, const void *from, size_t n)
{
	void *start = to;

	__asm__ volatile("rep movsb"
			 : "+D"(to), "+S"(from), "+c"(n)
			 :
			 : "memory");
	return start;
}

void *
memset(void *to, int value, size_t n)
{
	void *start = to;

	__asm__ volatile("rep stosb"
			 : "+D"(to), "+c"(n)
			 : "a"(value)
			 : "memory");
	return start;
}

int
memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n > 0; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

static char *
put_number(char *end, unsigned long n, unsigned int base)
{
	do
		*--end = "0123456789abcdef"[n % base];
	while ((n /= base) != 0);
	return end;
}

void
say(const char *format, ...)
{
	char line[512], digits[24], *at = line;
	const char *s;
	long n;
	__builtin_va_list ap;

	__builtin_va_start(ap, format);
	for (; *format != '\0' && at < line + 480; format++) {
		if (*format != '%') {
			*at++ = *format;
			continue;
		}
		s = digits;
		digits[23] = '\0';
		switch (*++format) {
		case 's':
			s = __builtin_va_arg(ap, const char *);
			break;
		case 'd':
			n = __builtin_va_arg(ap, long);
			s = put_number(digits + 23,
			    (unsigned long)(n < 0 ? -n : n), 10);
			if (n < 0)
				*at++ = '-';
			break;
		default:
			s = put_number(digits + 23,
			    __builtin_va_arg(ap, unsigned long), 16);
			break;
		}
		while (*s != '\0' && at < line + 480)
			*at++ = *s++;
	}
	__builtin_va_end(ap);
	(void)SYS3(write, 1, line, at - line);
}

unsigned long
now_us(void)
{
	struct timespec t;

	(void)SYS2(clock_gettime, 4 /* CLOCK_MONOTONIC */, &t);
	return (unsigned long)t.tv_sec * 1000000 +
	    (unsigned long)t.tv_nsec / 1000;
}

void
sleep_us(unsigned long us)
{
	struct timespec t = { (time_t)(us / 1000000),
		(long)(us % 1000000) * 1000 };

	(void)SYS2(nanosleep, &t, 0);
}
