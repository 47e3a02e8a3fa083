/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a C library would have for us. */
#include "probe.h"

void *memcpy(void *to, const void *from, size_t count)
{
	void *result = to;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
	return result;
}

void *memmove(void *to, const void *from, size_t count)
{
	uint8_t *back = (uint8_t *)to + count;
	const uint8_t *last = (const uint8_t *)from + count;

	if ((uintptr_t)to <= (uintptr_t)from)
		return memcpy(to, from, count);
	while (count--)
		*(volatile uint8_t *)--back = *--last;
	return to;
}

void *memset(void *to, int byte, size_t count)
{
	void *result = to;

	__asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(byte) : "memory");
	return result;
}

int memcmp(const void *a, const void *b, size_t count)
{
	const volatile uint8_t *left = a, *right = b;

	for (; count; left++, right++, count--)
		if (*left != *right)
			return *left - *right;
	return 0;
}

uint64_t first_nonzero(const void *bytes, uint64_t count)
{
	const uint8_t *byte = bytes;
	uint64_t at = 0;

	while (at < count && !byte[at])
		at++;
	return at;
}

bool text_equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

size_t text_length(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

static unsigned digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 16;
}

bool text_number(const char *text, size_t length, uint64_t *number)
{
	unsigned base = 10;

	if (length > 2 && text[0] == '0' && text[1] == 'x') {
		base = 16;
		text += 2;
		length -= 2;
	}
	*number = 0;
	for (size_t i = 0; i < length; i++) {
		if (digit(text[i]) >= base || *number > (UINT64_MAX - base) / base)
			return false;
		*number = *number * base + digit(text[i]);
	}
	return length > 0;
}

/* The one of gzip, so that any machine can make the checksum of a ramdisk. */
uint32_t crc32(uint32_t so_far, const uint8_t *bytes, uint64_t count)
{
	static uint32_t table[256];

	if (!table[1]) {
		for (uint32_t i = 0; i < 256; i++) {
			table[i] = i;
			for (unsigned bit = 0; bit < 8; bit++)
				table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
		}
	}
	so_far = ~so_far;
	while (count--)
		so_far = so_far >> 8 ^ table[(so_far ^ *bytes++) & 0xff];
	return ~so_far;
}

static void put(char *to, size_t size, size_t *at, char c)
{
	if (*at < size)
		to[(*at)++] = c;
}

static void put_number(char *to, size_t size, size_t *at, uint64_t number, unsigned base)
{
	char digits[20];
	unsigned count = 0;

	do {
		digits[count++] = "0123456789abcdef"[number % base];
		number /= base;
	} while (number);
	while (count)
		put(to, size, at, digits[--count]);
}

void text_format(char *to, size_t size, size_t *at, const char *format, __builtin_va_list arguments)
{
	for (; *format; format++) {
		bool is_long = false;

		if (*format != '%') {
			put(to, size, at, *format);
			continue;
		}
		if (*++format == 'l') {
			is_long = true;
			format++;
		}
		if (*format == 's') {
			const char *text = __builtin_va_arg(arguments, const char *);

			while (*text)
				put(to, size, at, *text++);
		} else if (*format == 'c') {
			put(to, size, at, (char)__builtin_va_arg(arguments, int));
		} else {
			uint64_t number = is_long ? __builtin_va_arg(arguments, unsigned long)
						  : __builtin_va_arg(arguments, unsigned);

			if (*format == 'x') {
				put(to, size, at, '0');
				put(to, size, at, 'x');
			}
			put_number(to, size, at, number, *format == 'x' ? 16 : 10);
		}
	}
}
