/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An xl.cfg file of the input's bytes, through libxlutil's parser and what we make of its keys.
 * What is read is within its bounds, and the same twice; what is refused is the file's fault;
 * and a warning has no byte that a terminal would act on.
 */
#include "fuzz/targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pvbuild/p2m.h>

#include "cfg-keys.h"
#include "cfg.h"
#include "fuzz/check.h"
#include "fuzz/scratch.h"

#define VCPUS_MOST 8192u
#define MIB UINT64_C(0x100000)

/* Its parser loses what it has read so far where it finds an error. That is not ours to mend. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libxlutil";
}

static void check_warnings(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		must(text[i] == '\n' || ((unsigned char)text[i] >= ' ' && text[i] != 0x7f));
}

/* With what it warns of on standard error caught. */
static int read_quietly(struct guest *guest, const char *path, struct pvb_error *error)
{
	FILE *const true_stderr = stderr;
	char *text = NULL;
	size_t size = 0;
	FILE *quiet = open_memstream(&text, &size);
	int rc;

	must(quiet);
	stderr = quiet;
	rc = cfg_read(guest, &(const struct cfg_source){.path = path}, error);
	stderr = true_stderr;
	must(!fclose(quiet));
	check_warnings(text, size);
	free(text);
	return rc;
}

static void check_guest(const struct guest *guest)
{
	must(guest->memory % MIB == 0);
	must(guest->vcpus <= VCPUS_MOST);
	must(!guest->ranges && !guest->range_count);
	must(guest->p2m.wish <= PVB_P2M_WANT_TREE);
	must(guest->p2m.levels <= PVB_P2M_LEVELS_MAX);
	must(guest->p2m.wish == PVB_P2M_WANT_TREE || !guest->p2m.levels);
}

static bool same_text(const char *one, const char *other)
{
	return (!one && !other) || (one && other && strcmp(one, other) == 0);
}

static void check_same(const struct guest *one, const struct guest *other)
{
	must(same_text(one->name, other->name) && same_text(one->kernel, other->kernel));
	must(same_text(one->ramdisk, other->ramdisk) && same_text(one->cmdline, other->cmdline));
	must(one->memory == other->memory && one->vcpus == other->vcpus);
	must(memcmp(one->uuid, other->uuid, sizeof one->uuid) == 0);
	must(memcmp(&one->fates, &other->fates, sizeof one->fates) == 0);
}

/* Of any bytes, well-formed or not. */
static void check_keys(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1); /* its end is where a sanitizer looks */
	const char *key;
	size_t at = 0, length, end = 0;

	must(text);
	if (size)
		memcpy(text, data, size);
	while ((length = cfg_next_key(text, size, &at, &key))) {
		must(key >= text + end && key + length <= text + size);
		must(at > end && at <= size);
		end = at;
	}
	must(at == size);
	free(text);
}

static void run(const uint8_t *data, size_t size)
{
	struct guest one = GUEST_INIT, other = GUEST_INIT;
	struct pvb_error error = {0};
	const int fd = memory_file(data, size, size);
	const char *path = memory_file_path(fd);
	const int rc = read_quietly(&one, path, &error);

	must_be_sound(rc, &error);
	must_after(rc == 0 || pvb_code_fault(-rc) == PVB_FAULT_ARGUMENT, &error);
	if (rc == 0)
		check_guest(&one);
	must(read_quietly(&other, path, &error) == rc);
	check_same(&one, &other);
	check_keys(data, size);
	guest_clear(&one);
	guest_clear(&other);
	(void)close(fd);
}

/* ---- what it begins with ------------------------------------------------------------------- */

static struct blob text(const char *lines)
{
	struct blob input = BLOB_INIT;

	blob_append_text(&input, lines);
	return input;
}

static struct blob of_a_distribution(void)
{
	return text("# a guest\n"
		    "name = \"guest\"\n"
		    "kernel = '/boot/vmlinuz'\n"
		    "ramdisk = \"/boot/initrd.img\"\n"
		    "memory = 512\nmaxmem=1024\n"
		    "vcpus = 2\nmaxvcpus=4\n"
		    "root = \"/dev/xvda1 ro\"\nextra = \"console=hvc0\"\n"
		    "uuid = \"12345678-9abc-def0-1234-56789abcdef0\"\n"
		    "on_poweroff = \"destroy\"\non_crash = 'coredump-restart'\n"
		    "on_reboot=\"restart\"\n");
}

static struct blob with_devices(void)
{
	return text("type = \"pv\"\nkernel=\"k\"\nmemory=64\n"
		    "vif = [ 'mac=00:16:3e:00:00:01,bridge=br0', \"\" ]\n"
		    "disk = [ 'phy:/dev/vg/a,xvda,w',\n \"file:/b,xvdb,r\" ]\n"
		    "vfb = [ ]\nusb = 0\nvcpus=1\n");
}

static struct blob with_lists_in_lists(void)
{
	return text("vnuma = [ [ \"pnode=0\", \"size=64\" ], [ 'pnode=1', ['x'] ] ]\n"
		    "cpuid = \"host,tm=0\"; pvb_p2m = \"tree:3\"\n"
		    "cmdline += \"a\"\ncmdline += \" \\x41\\n\\\"\"\n");
}

static struct blob with_a_tree(void)
{
	return text("type='pv'\nkernel='k'\nmemory=64\npvb_p2m='tree:3'\non_watchdog='preserve'\n");
}

static struct blob numbers_out_of_range(void)
{
	return text("memory = 99999999999999999999\nvcpus = -1\nmaxmem = 0x10\nvcpus = \"3\"\n");
}

static struct blob without_an_end(void)
{
	return text("name = \"unfinished");
}

static struct blob unknown_keys(void)
{
	return text("acpi=1\nnot_of_xl = [ 1, 2 ]\na.b = 'c'\nvnc=1\ndevice_model_x=\"\"\n"
		    "builder=\"linux\"\n");
}

static const struct fuzz_seed seeds[] = {
	FUZZ_SEED(of_a_distribution),    FUZZ_SEED(with_devices),
	FUZZ_SEED(with_lists_in_lists),  FUZZ_SEED(with_a_tree),
	FUZZ_SEED(numbers_out_of_range), FUZZ_SEED(without_an_end),
	FUZZ_SEED(unknown_keys),         {.name = NULL},
};

const struct fuzz_target fuzz_cfg = {.name = "cfg", .max_size = 4096, .run = run, .seeds = seeds};
