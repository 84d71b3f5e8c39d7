/* SPDX-License-Identifier: MIT */
/*
 * What compilers call without being asked (mem*), and a few more. The string
 * instructions keep a compiler from making memset() out of our memset().
 */
#include "freestanding.h"

#include <labyrinth/guest.h>

void *memcpy(void *to, const void *from, size_t bytes)
{
	void *at = to;

	__asm__ volatile("rep movsb"
			 : "+D"(at), "+S"(from), "+c"(bytes)
			 :
			 : "memory");
	return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
	char *last = (char *)to + bytes - 1;
	const char *last_from = (const char *)from + bytes - 1;

	/* Upwards is right unless the destination begins inside the source. */
	if ((uintptr_t)to - (uintptr_t)from >= bytes)
		return memcpy(to, from, bytes);
	__asm__ volatile("std\n\trep movsb\n\tcld"
			 : "+D"(last), "+S"(last_from), "+c"(bytes)
			 :
			 : "memory", "cc");
	return to;
}

void *memset(void *to, int value, size_t bytes)
{
	void *at = to;

	__asm__ volatile("rep stosb"
			 : "+D"(at), "+c"(bytes)
			 : "a"(value)
			 : "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const unsigned char *x = a;
	const unsigned char *y = b;

	for (; bytes; bytes--, x++, y++) {
		if (*x != *y)
			return *x < *y ? -1 : 1;
	}
	return 0;
}

size_t strlen(const char *text)
{
	const volatile char *end = text;

	while (*end)
		end++;
	return (size_t)(end - text);
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t bytes)
{
	for (; bytes; bytes--, a++, b++) {
		unsigned char x = (unsigned char)*a;
		unsigned char y = (unsigned char)*b;

		if (x != y)
			return x < y ? -1 : 1;
		if (!x)
			break;
	}
	return 0;
}

/* The value of a digit in bases up to 16; 16 for what is none. */
static unsigned int digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned int)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned int)(c - 'A') + 10;
	return 16;
}

unsigned long strtoul(const char *text, char **end, int base)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X') &&
		   digit(text[2]) < 16;
	unsigned long value = 0;
	unsigned int radix;

	if (hex && (base == 0 || base == 16)) {
		text += 2;
		base = 16;
	}
	radix = base ? (unsigned int)base : 10;
	while (digit(*text) < radix && digit(*text) < 16) {
		value = value * radix + digit(*text);
		text++;
	}
	if (end)
		*end = (char *)(uintptr_t)text;
	return value;
}
