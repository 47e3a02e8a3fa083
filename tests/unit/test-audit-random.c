/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whatever a guest is made of, an audit comes to an end, and carries on no
 * further than it may: domains whose tables, list, start_info and registers are
 * spoiled at random, and worst cases made on purpose.
 */
#include <unistd.h>

#include "support/test.h"
#include "unit/audit-domain.h"

static const struct domain_spec specs[] = {
	{.bits = 64, .init_p2m = true, .module_bytes = 9000, .module_by_pfn = true},
	{.bits = 64, .scrambled = true, .module_bytes = 9000},
	{.bits = 32, .at_zero = true, .hypercall = true},
};

static uint64_t random_word(struct paper_domain *domain, uint64_t *seed)
{
	const uint64_t r = test_random(seed), frame = domain->frames[(r >> 8) % domain->pages].mfn;

	switch (r % 8) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
		return frame << 12 | 0x67;
	case 3:
		return frame << 12 | 0x23;
	case 4:
		return frame;
	case 5:
		return domain->frames[domain->tables + (r >> 8) % domain->table_count].mfn << 12 |
		       0x67;
	case 6:
		return UINT64_C(1) << (r >> 8) % 64;
	default:
		return test_random(seed);
	}
}

static void spoil_word(struct paper_domain *domain, uint64_t pfn, uint64_t *seed)
{
	const uint64_t word = random_word(domain, seed);

	memcpy(paper_page(domain, pfn) + test_random(seed) % 512 * 8, &word, 8);
}

static void spoil_register(struct paper_domain *domain, uint64_t *seed)
{
	uint64_t *const registers[] = {&domain->vcpu.rip, &domain->vcpu.rsp, &domain->vcpu.rsi,
				       &domain->vcpu.cr[3]};
	uint64_t *reg = registers[test_random(seed) % 4];

	switch (test_random(seed) % 3) {
	case 0:
		*reg = random_word(domain, seed);
		break;
	case 1:
		*reg ^= UINT64_C(1) << test_random(seed) % 64;
		break;
	default:
		*reg = paper_va(domain, test_random(seed) % domain->pages);
	}
}

static void spoil(struct paper_domain *domain, uint64_t *seed)
{
	const uint64_t tables = domain->tables + test_random(seed) % domain->table_count;

	switch (test_random(seed) % 6) {
	case 0:
	case 1:
		spoil_word(domain, tables, seed);
		break;
	case 2:
		spoil_word(domain, domain->list + test_random(seed) % domain->list_pages, seed);
		break;
	case 3:
		/* The fields, not the command line between them. */
		memcpy(paper_page(domain, domain->start_info) + 32 + test_random(seed) % 24 * 4,
		       &(uint64_t){random_word(domain, seed)}, 8);
		break;
	case 4:
		domain->frames[test_random(seed) % domain->pages].m2p = random_word(domain, seed);
		break;
	default:
		spoil_register(domain, seed);
	}
}

static void audit_core(struct paper_domain *domain)
{
	struct blob core = paper_core(domain, &(struct core_style){0});
	char *path = write_temporary(&core);
	struct pvb_audit *audit = NULL;
	struct pvb_error error = {0};
	int rc = pvb_audit_core(path, NULL, &audit, &error);

	/* A PFN that does not ascend makes it no core. */
	assert_true(rc == 0 || rc == -PVB_E_CORE_SECTION);
	pvb_audit_free(audit);
	assert_int_equal(unlink(path), 0);
	free(path);
	blob_free(&core);
}

static void a_spoiled_domain_is_audited_to_the_end(void **state)
{
	uint64_t seed = 20;
	unsigned found = 0;

	(void)state;
	for (unsigned round = 0; round < 150; round++) {
		struct paper_domain *domain = paper_domain_make(&specs[round % 3]);
		struct pvb_audit *audit;
		struct pvb_error error;

		for (unsigned i = 0; i <= round % 7; i++)
			spoil(domain, &seed);
		assert_ok(pvb_audit_domain(&domain->host, 1, NULL, &audit, &error), &error);
		found += !pvb_audit_report(audit)->passed;
		pvb_audit_free(audit);
		if (round % 20 == 0)
			audit_core(domain);
		paper_domain_free(domain);
	}
	/* Some words are spoiled into what they were, or where nothing looks; most are not. */
	assert_true(found > 100);
}

static void tables_that_are_nothing_but_noise_come_to_an_end(void **state)
{
	uint64_t seed = 21;

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		struct paper_domain *domain = paper_domain_make(&specs[round % 3]);
		struct pvb_audit *audit;
		struct pvb_error error;

		/* Every page of the guest a page of entries that lead everywhere. */
		for (uint64_t pfn = 0; pfn < domain->pages; pfn++)
			for (uint64_t i = 0; i < 512; i++) {
				uint64_t to = test_random(&seed) % domain->pages;
				uint64_t entry = domain->frames[to].mfn << 12 | 0x67;

				memcpy(paper_page(domain, pfn) + i * 8, &entry, 8);
			}
		assert_ok(pvb_audit_domain(&domain->host, 1, NULL, &audit, &error), &error);
		assert_false(pvb_audit_report(audit)->passed);
		assert_true(pvb_audit_report(audit)->total_findings > 1000);
		/* Each frame is read as a table once. */
		assert_true(domain->host.calls[PVB_CALL_MAP_FRAMES] < domain->pages + 100);
		pvb_audit_free(audit);
		paper_domain_free(domain);
	}
}

static void a_root_that_leads_to_itself_comes_to_an_end(void **state)
{
	const struct domain_spec spec = {.bits = 64};
	struct paper_domain *domain = paper_domain_make(&spec);
	struct pvb_audit *audit;
	struct pvb_error error;

	(void)state;
	for (uint64_t i = 0; i < 512; i++) {
		uint64_t entry = domain->frames[domain->tables].mfn << 12 | 0x67;

		memcpy(paper_page(domain, domain->tables) + i * 8, &entry, 8);
	}
	assert_ok(pvb_audit_domain(&domain->host, 1, NULL, &audit, &error), &error);
	assert_int_equal(pvb_audit_report(audit)->skipped > 0, 1);
	assert_false(pvb_audit_report(audit)->passed);
	pvb_audit_free(audit);
	paper_domain_free(domain);
}

static void a_core_with_spoiled_bytes_is_refused_or_audited(void **state)
{
	struct paper_domain *domain = paper_domain_make(&specs[0]);
	struct blob good = paper_core(domain, &(struct core_style){0});
	uint64_t seed = 22;

	(void)state;
	for (unsigned round = 0; round < 150; round++) {
		struct blob core = blob_copy(&good);
		struct pvb_audit *audit = NULL;
		struct pvb_error error = {0};

		for (unsigned i = 0; i <= round % 4; i++)
			core.bytes[test_random(&seed) % 2048] = (uint8_t)test_random(&seed);
		char *path = write_temporary(&core);
		int rc = pvb_audit_core(path, NULL, &audit, &error);

		if (rc) {
			assert_true(rc <= -PVB_E_CORE_FORMAT && rc >= -PVB_E_CORE_SECTION);
			assert_null(audit);
		}
		pvb_audit_free(audit);
		assert_int_equal(unlink(path), 0);
		free(path);
		blob_free(&core);
	}
	blob_free(&good);
	paper_domain_free(domain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_spoiled_domain_is_audited_to_the_end),
		cmocka_unit_test(tables_that_are_nothing_but_noise_come_to_an_end),
		cmocka_unit_test(a_root_that_leads_to_itself_comes_to_an_end),
		cmocka_unit_test(a_core_with_spoiled_bytes_is_refused_or_audited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
