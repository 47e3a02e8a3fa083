/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/dump-fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "host/sim/sim.h"
#include "support/test.h"

unsigned dump_files_in(const char *folder)
{
	DIR *directory = opendir(folder);
	const struct dirent *entry;
	unsigned count = 0;

	assert_non_null(directory);
	while ((entry = readdir(directory)))
		count += entry->d_name[0] != '.';
	assert_int_equal(closedir(directory), 0);
	return count;
}

int dump_set_up(void **state)
{
	static struct dump_fixture fixture;
	struct scenario_result result = {0};
	struct pvb_error error;

	fixture = (struct dump_fixture){.folder = "/tmp/pvbuild-dump-XXXXXX"};
	assert_non_null(mkdtemp(fixture.folder));
	(void)snprintf(fixture.core, sizeof fixture.core, "%s/core", fixture.folder);
	scenario_prepare(&scenarios[DUMP_SCENARIO], &fixture.files);
	assert_ok(pvb_host_open("sim:memory=1G", &fixture.host, &error), &error);
	scenario_run(&scenarios[DUMP_SCENARIO], &fixture.files, fixture.host, false, &result);
	assert_int_equal(result.rc, 0);
	fixture.domid = result.domid;
	*state = &fixture;
	return 0;
}

int dump_tear_down(void **state)
{
	struct dump_fixture *fixture = *state;
	uint64_t mapped, peak;

	pvb_host_mapped(fixture->host, &mapped, &peak);
	assert_int_equal(mapped, 0);
	pvb_host_close(fixture->host);
	scenario_forget(&fixture->files);
	(void)unlink(fixture->core);
	assert_int_equal(rmdir(fixture->folder), 0);
	return 0;
}

void dump_refused(struct dump_fixture *fixture, enum pvb_code code)
{
	struct pvb_error error;

	assert_fails_with(pvb_dump_core(fixture->host, fixture->domid, fixture->core, NULL, &error),
			  code, &error);
	assert_int_equal(dump_files_in(fixture->folder), 0);
}

struct pvb_dump_result dump_domain(struct dump_fixture *fixture)
{
	struct pvb_dump_options options = PVB_DUMP_OPTIONS_INIT;
	struct pvb_dump_result result = PVB_DUMP_RESULT_INIT;
	struct pvb_host_domain domain;
	struct pvb_error error;

	options.result = &result;
	assert_ok(pvb_dump_core(fixture->host, fixture->domid, fixture->core, &options, &error),
		  &error);
	assert_ok(pvb_host_get_domain(fixture->host, fixture->domid, &domain, &error), &error);
	assert_int_equal(result.domain_pages, domain.pages);
	assert_int_equal(result.pages, result.by_p2m + result.by_m2p);
	assert_int_equal(result.pages + result.missing, result.domain_pages);
	return result;
}

void assert_dump_found(struct dump_fixture *fixture, uint64_t by_p2m, uint64_t by_m2p, int code)
{
	struct pvb_dump_result result = dump_domain(fixture);

	assert_int_equal(result.by_p2m, by_p2m);
	assert_int_equal(result.by_m2p, by_m2p);
	assert_int_equal(result.p2m.code, code);
}

struct pvb_host_vcpu dump_registers(struct dump_fixture *fixture)
{
	struct pvb_host_vcpu vcpu;
	struct pvb_error error;

	assert_ok(pvb_host_get_vcpu(fixture->host, fixture->domid, 0, &vcpu, &error), &error);
	return vcpu;
}

pvb_mfn_t dump_frame_of(struct dump_fixture *fixture, uint64_t va)
{
	uint64_t entry = dump_registers(fixture).cr[3];

	for (unsigned level = 4; level > 0; level--) {
		uint64_t index = (va >> (12 + 9 * (level - 1))) & 511;

		assert_int_equal(pvb_sim_peek(fixture->host, PVB_MFN(entry << 12 >> 24), 8 * index,
					      &entry, sizeof entry),
				 0);
		assert_true(entry & 1);
	}
	return PVB_MFN(entry << 12 >> 24);
}

uint64_t dump_read_pairs(struct dump_fixture *fixture, struct dump_pair **pairs)
{
	uint8_t header[64], section[64];
	uint64_t table, at, size;
	int fd = open(fixture->core, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, header, sizeof header, 0), sizeof header);
	memcpy(&table, header + 40, 8);
	assert_int_equal(pread(fd, section, sizeof section, (off_t)(table + 6 * 64)), 64);
	memcpy(&at, section + 24, 8);
	memcpy(&size, section + 32, 8);
	*pairs = malloc(size);
	assert_non_null(*pairs);
	assert_int_equal(pread(fd, *pairs, size, (off_t)at), size);
	(void)close(fd);
	return size / sizeof **pairs;
}

void dump_publish(struct dump_fixture *fixture, size_t at, uint64_t value)
{
	struct pvb_host_domain domain;
	struct pvb_error error;

	assert_ok(pvb_host_get_domain(fixture->host, fixture->domid, &domain, &error), &error);
	assert_int_equal(pvb_sim_poke(fixture->host, domain.shared_info, at, &value, sizeof value),
			 0);
}

uint64_t dump_run_away(struct dump_fixture *fixture, uint64_t *pages)
{
	struct pvb_host_vcpu vcpu = dump_registers(fixture);
	pvb_mfn_t start_info = dump_frame_of(fixture, vcpu.rsi);
	uint64_t list;

	assert_int_equal(
		pvb_sim_peek(fixture->host, start_info, DUMP_MFN_LIST_AT, &list, sizeof list), 0);
	assert_int_equal(pvb_sim_peek(fixture->host, start_info, 32, pages, sizeof *pages), 0);
	vcpu.rsi = 0;
	assert_int_equal(pvb_sim_set_registers(fixture->host, fixture->domid, 0, &vcpu), 0);
	return list;
}

uint64_t dump_calls_of(struct pvb_host *host, const char *wanted)
{
	const char *name;
	uint64_t count;

	for (size_t i = 0; (name = pvb_host_call_count(host, i, &count)); i++)
		if (strcmp(name, wanted) == 0)
			return count;
	fail_msg("no call %s", wanted);
	return 0;
}
