/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Preloaded, it counts what a program asks of the hypervisor through /dev/xen/privcmd: hypercalls,
 * and mappings of foreign memory. When the program ends, a line "HYPERCALLS MAPPINGS" is
 * added to the file that PVB_COUNT_CALLS names.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

/* Linux, include/uapi/xen/privcmd.h: all of type 'P', and told apart by their numbers. */
#define PRIVCMD_TYPE 'P'
#define PRIVCMD_HYPERCALL 0
#define PRIVCMD_MMAPBATCH 3
#define PRIVCMD_MMAPBATCH_V2 4
#define PRIVCMD_MMAP_RESOURCE 7

static _Atomic unsigned long hypercalls, mappings;

__attribute__((visibility("default"))) int ioctl(int fd, unsigned long request, ...)
{
	/* An object pointer that is a function's: POSIX has it so. */
	union {
		void *object;
		int (*function)(int, unsigned long, ...);
	} next = {.object = dlsym(RTLD_NEXT, "ioctl")};
	va_list arguments;

	va_start(arguments, request);
	void *argument = va_arg(arguments, void *);
	va_end(arguments);
	if (_IOC_TYPE(request) == PRIVCMD_TYPE) {
		unsigned number = _IOC_NR(request);

		hypercalls += number == PRIVCMD_HYPERCALL;
		mappings += number == PRIVCMD_MMAPBATCH || number == PRIVCMD_MMAPBATCH_V2 ||
			    number == PRIVCMD_MMAP_RESOURCE;
	}
	if (!next.object) {
		errno = ENOSYS;
		return -1;
	}
	return next.function(fd, request, argument);
}

__attribute__((destructor)) static void tell(void)
{
	const char *path = getenv("PVB_COUNT_CALLS");
	FILE *file = path ? fopen(path, "ae") : NULL;

	if (!file)
		return;
	fprintf(file, "%lu %lu\n", hypercalls, mappings);
	(void)fclose(file);
}
