/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK_SIZE = 4096 - 64 };

struct pvb_arena_block {
	struct pvb_arena_block *next;
	size_t used, size;
	char bytes[];
};

void pvb_arena_free(struct pvb_arena *arena)
{
	while (arena->blocks) {
		struct pvb_arena_block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
}

static char *take(struct pvb_arena *arena, size_t size)
{
	struct pvb_arena_block *block = arena->blocks;

	if (!block || block->size - block->used < size) {
		size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;

		block = (struct pvb_arena_block *)malloc(sizeof *block + room);
		if (!block)
			return NULL;
		*block = (struct pvb_arena_block){.next = arena->blocks, .size = room};
		arena->blocks = block;
	}
	char *bytes = block->bytes + block->used;

	block->used += size;
	arena->total += size;
	return bytes;
}

char *pvb_arena_text(struct pvb_arena *arena, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = take(arena, size);

	return copy ? (char *)memcpy(copy, text, size) : NULL;
}

char *pvb_arena_printf(struct pvb_arena *arena, const char *format, ...)
{
	char text[600];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	return pvb_arena_text(arena, text);
}

static bool plain(uint8_t c)
{
	return c >= 0x20 && c < 0x7f && c != '\\';
}

char *pvb_arena_escaped(struct pvb_arena *arena, struct pvb_span bytes)
{
	uint64_t length = bytes.size;
	uint64_t size = 1;

	(void)pvb_span_string(bytes, 0, &length);
	for (uint64_t i = 0; i < length; i++)
		size += plain(bytes.bytes[i]) ? 1 : 4;

	char *text = take(arena, size);
	if (!text)
		return NULL;
	char *to = text;
	for (uint64_t i = 0; i < length; i++) {
		static const char digits[] = "0123456789abcdef";
		uint8_t c = bytes.bytes[i];

		if (plain(c)) {
			*to++ = (char)c;
			continue;
		}
		*to++ = '\\';
		*to++ = 'x';
		*to++ = digits[c >> 4];
		*to++ = digits[c & 15];
	}
	*to = '\0';
	return text;
}
