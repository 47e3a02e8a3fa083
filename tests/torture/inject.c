/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "torture/inject.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "torture/sanitized.h"

static bool armed, fired;
static uint64_t nth, count;
static int64_t balance;

void inject_arm(uint64_t which)
{
	nth = which;
	count = 0;
	fired = false;
	armed = true;
}

uint64_t inject_disarm(void)
{
	armed = false;
	return count;
}

bool inject_fired(void)
{
	return fired;
}

int64_t inject_balance(void)
{
	return balance;
}

static bool fails(void)
{
	if (!armed || ++count != nth)
		return false;
	fired = true;
	errno = ENOMEM;
	return true;
}

/* ---- mappings: through the linker's --wrap ---- */

void *__real_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset);
int __real_memfd_create(const char *name, unsigned flags);
int __wrap_memfd_create(const char *name, unsigned flags);

void *__wrap_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
	return fails() ? MAP_FAILED : __real_mmap(address, size, protection, flags, fd, offset);
}

int __wrap_memfd_create(const char *name, unsigned flags)
{
	return fails() ? -1 : __real_memfd_create(name, flags);
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t number, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t number, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t number, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t number, size_t size);
char *__wrap_strdup(const char *text);

#if SANITIZED
/* ---- the heap: the same way ---- */

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t number, size_t size)
{
	return fails() ? NULL : __real_calloc(number, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t number, size_t size)
{
	return fails() ? NULL : __real_reallocarray(old, number, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}
#else
/* ---- the heap: these stand before libc's, for every library ---- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t number, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *block);
void *__libc_memalign(size_t alignment, size_t size);

static void *counted(void *block)
{
	if (block)
		balance++;
	return block;
}

void *malloc(size_t size)
{
	return fails() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t number, size_t size)
{
	return fails() ? NULL : counted(__libc_calloc(number, size));
}

void *realloc(void *old, size_t size)
{
	if (fails())
		return NULL;
	void *block = __libc_realloc(old, size);

	balance += (block != NULL) - (old != NULL && (block != NULL || size == 0));
	return block;
}

void *reallocarray(void *old, size_t number, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(number, size, &total)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, total);
}

void free(void *block)
{
	if (block)
		balance--;
	__libc_free(block);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : counted(__libc_memalign(alignment, size));
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
	void *got = aligned_alloc(alignment, size);

	if (!got)
		return ENOMEM;
	*block = got;
	return 0;
}

/* What --wrap makes of calls from the library and the test. */

void *__wrap_malloc(size_t size)
{
	return malloc(size);
}

void *__wrap_calloc(size_t number, size_t size)
{
	return calloc(number, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t number, size_t size)
{
	return reallocarray(old, number, size);
}

char *__wrap_strdup(const char *text)
{
	return __real_strdup(text);
}
#endif
