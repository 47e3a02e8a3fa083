/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a hypervisor makes of page-table entries, beside what the library predicts of it.
 *
 *   predict-pin [--host HOST] [guest options] KERNEL | --made BITS
 *       build the guest on HOST ("xen" where nothing is said), read all its page tables
 *       before they are pinned and afterwards, and compare each entry with its prediction,
 *       bit for bit; then destroy it. --made: of a kernel of 32 or 64 bits that is made for
 *       this, as no distribution has 32-bit ones
 *
 * Each entry that is not as predicted is a line. Exit status: 0 all are, 1 one is not, 2 usage,
 * 3 a failure.
 */
#include "config.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lab/guest.h"
#include "lab/pin.h"
#include "plan/plan.h"
#include "support/elf-builder.h"

static const char program[] = "predict-pin";

enum { OPTION_HOST = 'h', OPTION_MADE = 'm' };

static const struct option long_options[] = {
	{"host", required_argument, NULL, OPTION_HOST},
	{"made", required_argument, NULL, OPTION_MADE},
	GUEST_OPTIONS,
	{NULL, 0, NULL, 0},
};

static int build(struct guest *guest, struct pvb_host *host, struct pin *pin,
		 struct pvb_error *error)
{
	struct pvb_domain *domain = NULL;
	struct relay relay;

	relay_open(&relay, host, pin_watcher(pin));
	int rc = guest_build(guest, &relay.host, true, &domain, error);
	relay_close(&relay);
	if (rc)
		return rc;
	rc = pvb_host_destroy_domain(host, pvb_domain_info(domain)->domid, error);
	pvb_domain_free(domain);
	if (pin->rc) {
		*error = pin->error;
		return pin->rc;
	}
	return rc;
}

/* 0, 1 where an entry is not as predicted, or -code. */
static int run(struct guest *guest, const char *name, struct pvb_error *error)
{
	struct pin pin = {.out = stdout};
	struct pvb_host *host = NULL;
	struct pvb_host_info info;
	int rc = pvb_host_open(name, &host, error);

	if (rc == 0)
		rc = pvb_host_get_info(host, &info, error);
	if (rc == 0)
		rc = guest_open(guest, &info, error);
	if (rc == 0) {
		pin.guest_bits = guest->plan->guest_bits;
		pin.kernel_bit = guest->plan->info.pte_bits.kernel_bit;
		rc = build(guest, host, &pin, error);
	}
	if (rc == 0) {
		printf("%s: %u-bit guest: %zu tables, %" PRIu64 " entries of which %" PRIu64
		       " are present, %" PRIu64 " changed by the pin; %" PRIu64
		       " are not as predicted (%" PRIu64 " are the hypervisor's own)\n",
		       program, pin.guest_bits, pin.count, pin.entries, pin.present, pin.changed,
		       pin.wrong, pin.xens);
		rc = pin.wrong || !pin.present;
	}
	pin_free(&pin);
	pvb_host_close(host);
	return rc;
}

/* A kernel that can be opened by name; false where it cannot be made. */
static bool make_kernel(const char *bits, char *path, size_t size)
{
	struct elf_builder builder = linux_like(strcmp(bits, "32") == 0 ? 32 : 64);
	struct blob kernel = elf_build(&builder);
	int fd = memfd_create("kernel", MFD_CLOEXEC);
	bool good = fd >= 0 && write(fd, kernel.bytes, kernel.size) == (ssize_t)kernel.size;

	(void)snprintf(path, size, "/proc/self/fd/%d", fd);
	blob_free(&kernel);
	return good;
}

static int usage(void)
{
	fprintf(stderr, "usage: %s [--host HOST] %s KERNEL | --made 32|64\n", program, GUEST_USAGE);
	return 2;
}

int main(int argc, char **argv)
{
	struct guest guest = GUEST_INIT;
	struct pvb_error error = {0};
	const char *host = "xen", *made = NULL;
	char path[32];
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option == OPTION_HOST)
			host = optarg;
		else if (option == OPTION_MADE)
			made = optarg;
		else if (!guest_take(&guest, option, optarg))
			return usage();
	}
	if (optind != argc - !made || (made && strcmp(made, "32") != 0 && strcmp(made, "64") != 0))
		return usage();
	if (made && !make_kernel(made, path, sizeof path)) {
		perror(program);
		return 3;
	}
	guest.kernel = made ? path : argv[optind];
	int rc = run(&guest, host, &error);
	if (rc < 0)
		print_failure(program, &error);
	guest_close(&guest);
	return rc < 0 ? 3 : rc;
}
