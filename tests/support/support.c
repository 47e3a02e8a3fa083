/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "support/test.h"

#include <dirent.h>
#include <sys/mman.h>
#include <unistd.h>

unsigned count_open_fds(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(directory);
	while (readdir(directory))
		count++;
	assert_int_equal(closedir(directory), 0);
	return count;
}

unsigned count_mappings_of(const char *what)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	unsigned count = 0;

	assert_non_null(maps);
	while (fgets(line, sizeof line, maps))
		count += strstr(line, what) != NULL;
	assert_int_equal(fclose(maps), 0);
	return count;
}

unsigned count_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned count = 0;
	int c;

	assert_non_null(maps);
	while ((c = getc(maps)) != EOF)
		count += c == '\n';
	assert_int_equal(fclose(maps), 0);
	return count;
}

/* splitmix64 */
uint64_t test_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

int random_file(uint64_t bytes, uint64_t seed)
{
	int fd = memfd_create("random", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	for (uint64_t at = 0; at < bytes; at += 4093) {
		uint64_t value = test_random(&seed);

		assert_true(pwrite(fd, &value, at + 8 <= bytes ? 8 : 1, (off_t)at) > 0);
	}
	return fd;
}

bool kernel_of_distribution(const char *name, char path[4096])
{
	const char *directory = getenv("PVB_KERNELS");

	if (!directory) {
		print_message("PVB_KERNELS is not set: see tests/real/fetch-kernels\n");
		return false;
	}
	(void)snprintf(path, 4096, "%s/%s", directory, name);
	if (access(path, R_OK) != 0) {
		print_message("there is no %s\n", path);
		return false;
	}
	return true;
}
