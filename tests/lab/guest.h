/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the programs here build: a kernel by the options that they have in common. */
#ifndef PVB_TESTS_LAB_GUEST_H
#define PVB_TESTS_LAB_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include <getopt.h>

#include <pvbuild/pvbuild.h>

struct guest {
	const char *name;
	const char *kernel;
	const char *ramdisk; /* path, or NULL */
	const char *command_line;
	uint64_t memory;
	uint32_t vcpus;
	bool confined; /* a vCPU offline, and all limits, CPUs and shares said */
	enum pvb_p2m_wish p2m;
	uint32_t p2m_levels;
	int ramdisk_fd;
	uint64_t ramdisk_bytes;
	bool has_ramdisk; /* of the plan */
	struct pvb_image *image;
	struct pvb_plan *plan;
};

#define GUEST_INIT                                                                                 \
	{                                                                                          \
		.name = "lab", .memory = UINT64_C(128) << 20, .vcpus = 1, .ramdisk_fd = -1         \
	}

/* For getopt_long(); values from 256 on. */
enum {
	GUEST_NAME = 256,
	GUEST_RAMDISK,
	GUEST_COMMAND_LINE,
	GUEST_MEMORY,
	GUEST_VCPUS,
	GUEST_P2M,
	GUEST_CONFINED
};
#define GUEST_OPTIONS                                                                              \
	{"name", required_argument, NULL, GUEST_NAME},                                             \
		{"ramdisk", required_argument, NULL, GUEST_RAMDISK},                               \
		{"cmdline", required_argument, NULL, GUEST_COMMAND_LINE},                          \
		{"memory", required_argument, NULL, GUEST_MEMORY},                                 \
		{"vcpus", required_argument, NULL, GUEST_VCPUS},                                   \
		{"confined", no_argument, NULL, GUEST_CONFINED},                                   \
	{                                                                                          \
		"p2m", required_argument, NULL, GUEST_P2M                                          \
	}
#define GUEST_USAGE                                                                                \
	"[--name NAME] [--ramdisk FILE] [--cmdline STR] [--memory MIB] [--vcpus N]"                \
	" [--confined] [--p2m list|tree[:LEVELS]]"

/* False where it is none of these options, or its value is no good. */
bool guest_take(struct guest *guest, int option, const char *value);

/* What --confined asks for: what a guest can see of it, it can be told to expect. */
#define GUEST_CONFINED_CHANNELS 64
#define GUEST_CONFINED_GRANT_FRAMES 8
#define GUEST_CONFINED_GRANT_VERSION 1

/* Open the kernel and the ramdisk, and plan for a host. */
int guest_open(struct guest *guest, const struct pvb_host_info *host, struct pvb_error *error);

/* Plan once more, with or without the ramdisk that there is. */
int guest_plan(struct guest *guest, const struct pvb_host_info *host, bool ramdisk,
	       struct pvb_error *error);
void guest_close(struct guest *guest);

/* Build it. guarded: the domain goes when this process does. */
int guest_build(const struct guest *guest, struct pvb_host *host, bool guarded,
		struct pvb_domain **domain, struct pvb_error *error);

/* "program: message" and what else an error has, on standard error. */
void print_failure(const char *program, const struct pvb_error *error);

#endif
