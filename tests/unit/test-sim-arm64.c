/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arm64 domains of the simulated host: what is theirs alone, and what is not for them. */
#include "test-sim.h"

#include "host/sim/model.h"

#define RAM (UINT64_C(1) << 30)
#define GFN(address) PVB_MFN((address) / PAGE)

#define EL1H_MASKED 0x3c5 /* PSR_GUEST64_INIT: D, A, I and F masked */

static struct pvb_host_domain about(struct pvb_host *host, uint32_t domid)
{
	struct pvb_host_domain domain;
	struct pvb_error error;

	assert_ok(pvb_host_get_domain(host, domid, &domain, &error), &error);
	return domain;
}

static struct pvb_host_domain_config arm64_config(uint32_t vcpus)
{
	struct pvb_host_domain_config config = plain_config();

	config.translated = true;
	config.vcpus = vcpus;
	return config;
}

static void each_host_has_domains_of_its_kind(void **state)
{
	struct pvb_host *x86 = open_sim(NULL), *arm = open_sim("arch=arm64");
	struct pvb_host_domain_config pv = plain_config(), arm64 = arm64_config(2);
	struct pvb_host_domain domain;
	struct pvb_error error;
	uint32_t domid;

	(void)state;
	assert_fails_with(pvb_host_create_domain(x86, &arm64, &domid, &error),
			  PVB_E_HOST_GUEST_TYPE, &error);
	assert_fails_with(pvb_host_create_domain(arm, &pv, &domid, &error), PVB_E_HOST_GUEST_TYPE,
			  &error);
	assert_ok(pvb_host_create_domain(x86, &pv, &domid, &error), &error);
	domain = about(x86, domid);
	assert_false(domain.translated || domain.hvm);
	assert_true(domain.shared_info.n != PVB_NO_FRAME);
	assert_ok(pvb_host_create_domain(arm, &arm64, &domid, &error), &error);
	domain = about(arm, domid);
	assert_true(domain.translated && domain.hvm && domain.paused);
	assert_int_equal(domain.guest_bits, 64);
	assert_int_equal(domain.pages, 0);
	assert_true(domain.shared_info.n == PVB_NO_FRAME);
	close_sim(x86);
	close_sim(arm);
}

static void the_interrupt_controller_limits_vcpus(void **state)
{
	static const struct {
		const char *options;
		uint32_t most;
	} hosts[] = {{"arch=arm64,gic=2", 8}, {"arch=arm64,gic=3", 128}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct pvb_host *host = open_sim(hosts[i].options);
		struct pvb_host_domain_config config = arm64_config(hosts[i].most);
		struct pvb_error error;
		uint32_t domid;

		assert_ok(pvb_host_create_domain(host, &config, &domid, &error), &error);
		config.vcpus++;
		assert_fails_with(pvb_host_create_domain(host, &config, &domid, &error),
				  PVB_E_ARG_VCPUS, &error);
		config.vcpus = 0;
		assert_fails_with(pvb_host_create_domain(host, &config, &domid, &error),
				  PVB_E_ARG_VCPUS, &error);
		close_sim(host);
	}
}

/* GICD traps and GICC does not: 4 KiB apart, they share every page that is larger. */
static void a_version_2_controller_wants_small_pages(void **state)
{
	static const char *const impossible[] = {"arch=arm64,gic=2,granule=16K",
						 "arch=arm64,gic=2,granule=64K"};
	struct pvb_host_domain_config config = arm64_config(1);
	struct pvb_error error;
	uint32_t domid;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct pvb_host *host = open_sim(impossible[i]);

		assert_fails_with(pvb_host_create_domain(host, &config, &domid, &error),
				  PVB_E_HOST_GUEST_TYPE, &error);
		assert_non_null(strstr(error.message, "the distributor of the GICv2"));
		assert_non_null(strstr(error.message, "the CPU interface of the GICv2"));
		close_sim(host);
	}
	static const char *const possible[] = {"arch=arm64,gic=2", "arch=arm64,granule=16K",
					       "arch=arm64,granule=64K"};
	for (size_t i = 0; i < 3; i++) {
		struct pvb_host *host = open_sim(possible[i]);

		assert_ok(pvb_host_create_domain(host, &config, &domid, &error), &error);
		close_sim(host);
	}
}

static void the_width_is_64_and_set_before_memory(void **state)
{
	struct pvb_host *host = open_sim("arch=arm64");
	uint32_t domid = new_arm64(host, GIB);
	struct pvb_error error;
	pvb_mfn_t frame[1];

	(void)state;
	assert_ok(pvb_host_set_guest_bits(host, domid, 64, &error), &error);
	assert_fails_with(pvb_host_set_guest_bits(host, domid, 32, &error), PVB_E_HOST_GUEST_TYPE,
			  &error);
	assert_int_equal(give(host, domid, RAM / PAGE, 0, 1, frame), 1);
	assert_fails_with(pvb_host_set_guest_bits(host, domid, 64, &error), PVB_E_HOST_STATE,
			  &error);
	close_sim(host);
}

static void what_is_for_pv_is_refused(void **state)
{
	struct pvb_host *host = open_sim("arch=arm64");
	uint32_t domid = new_arm64(host, GIB);
	struct pvb_host_vcpu vcpu = {.flags = 4};
	struct pvb_host_frame_info info;
	struct pvb_error error;
	pvb_mfn_t frame[1];
	uint64_t count;
	pvb_pfn_t pfn;
	bool owned;

	(void)state;
	assert_int_equal(give(host, domid, RAM / PAGE, 0, 1, frame), 1);
#define FOR_PV(call) assert_fails_with(call, PVB_E_HOST_STATE, &error)
	FOR_PV(pvb_host_set_memory_map(host, domid, &(struct pvb_host_memory){0, GIB}, 1, &error));
	FOR_PV(pvb_host_apply_cpu_policy(host, domid, &error));
	FOR_PV(pvb_host_get_frame_info(host, domid, frame, 1, &info, &error));
	FOR_PV(pvb_host_get_owned_run(host, domid, &(struct pvb_host_frames){frame[0], 1}, 1,
				      &owned, &count, &error));
	FOR_PV(pvb_host_fill_hypercall_page(host, domid, frame[0], &error));
	FOR_PV(pvb_host_pin_table(host, domid, 4, frame[0], &error));
	FOR_PV(pvb_host_set_vcpu(host, domid, 0, &vcpu, &error));
	FOR_PV(pvb_host_get_vcpu(host, domid, 0, &vcpu, &error));
	FOR_PV(pvb_host_get_m2p_run(host, frame[0], 1, &pfn, &count, &error));
#undef FOR_PV
	assert_int_equal(pvb_sim_set_m2p(host, frame[0], PVB_PFN(1)), -1);
	close_sim(host);
}

static const struct pvb_host_ops no_ops = {.name = "plain"};

static void what_is_for_arm64_is_refused_elsewhere(void **state)
{
	struct pvb_host *host = open_sim(NULL);
	struct pvb_host plain = {.ops = &no_ops, .page_shift = 12};
	uint32_t domid = new_domain(host, GIB);
	struct pvb_host *hosts[] = {host, &plain};
	struct pvb_host_arm64_vcpu vcpu = {.cpsr = EL1H_MASKED};
	struct pvb_error error;
	uint64_t value;
	bool present;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
#define FOR_ARM64(call) assert_fails_with(call, PVB_E_HOST_STATE, &error)
		FOR_ARM64(pvb_host_set_parameter(hosts[i], domid, PVB_PARAMETER_STORE_PORT, 1,
						 &error));
		FOR_ARM64(pvb_host_get_parameter(hosts[i], domid, PVB_PARAMETER_STORE_PORT, &value,
						 &error));
		FOR_ARM64(pvb_host_get_memory_run(hosts[i], domid, 0, PAGE, &present, &value,
						  &error));
		FOR_ARM64(pvb_host_set_arm64_vcpu(hosts[i], domid, 0, &vcpu, &error));
		FOR_ARM64(pvb_host_get_arm64_vcpu(hosts[i], domid, 0, &vcpu, &error));
#undef FOR_ARM64
		for (unsigned call = PVB_CALL_SET_PARAMETER; call <= PVB_CALL_GET_ARM64_VCPU;
		     call++)
			assert_int_equal(hosts[i]->calls[call], 1);
	}
	close_sim(host);
}

static void a_domain_that_is_not_there_has_nothing(void **state)
{
	struct pvb_host *host = open_sim("arch=arm64");
	struct pvb_host_arm64_vcpu vcpu = {.cpsr = EL1H_MASKED};
	struct pvb_error error;
	uint64_t value;
	bool present;

	(void)state;
#define NO_DOMAIN(call) assert_fails_with(call, PVB_E_HOST_NO_DOMAIN, &error)
	NO_DOMAIN(pvb_host_set_parameter(host, 1, PVB_PARAMETER_STORE_PORT, 1, &error));
	NO_DOMAIN(pvb_host_get_parameter(host, 1, PVB_PARAMETER_STORE_PORT, &value, &error));
	NO_DOMAIN(pvb_host_get_memory_run(host, 1, 0, PAGE, &present, &value, &error));
	NO_DOMAIN(pvb_host_set_arm64_vcpu(host, 1, 0, &vcpu, &error));
	NO_DOMAIN(pvb_host_get_arm64_vcpu(host, 1, 0, &vcpu, &error));
#undef NO_DOMAIN
	close_sim(host);
}

static void parameters_are_kept_and_pages_are_pages(void **state)
{
	static const char *const granules[] = {"4K", "16K", "64K"};

	(void)state;
	for (size_t g = 0; g < 3; g++) {
		char options[40];
		(void)snprintf(options, sizeof options, "arch=arm64,granule=%s", granules[g]);
		struct pvb_host *host = open_sim(options);
		uint64_t page = UINT64_C(1) << host->page_shift, value;
		uint32_t domid = new_arm64(host, GIB), other = new_arm64(host, GIB);
		struct pvb_error error;

		for (unsigned p = 0; p < PVB_PARAMETER_COUNT; p++) {
			enum pvb_host_parameter parameter = (enum pvb_host_parameter)p;
			bool is_page = parameter == PVB_PARAMETER_STORE_PAGE ||
				       parameter == PVB_PARAMETER_CONSOLE_PAGE;

			assert_ok(pvb_host_get_parameter(host, domid, parameter, &value, &error),
				  &error);
			assert_int_equal(value, 0);
			assert_ok(pvb_host_set_parameter(host, domid, parameter,
							 0x39000000 + p * page, &error),
				  &error);
			if (is_page) {
				assert_fails_with(pvb_host_set_parameter(host, domid, parameter,
									 0x39000000 + page / 2,
									 &error),
						  PVB_E_ARG_INVALID, &error);
				assert_fails_with(pvb_host_set_parameter(host, domid, parameter,
									 0x39000001, &error),
						  PVB_E_ARG_INVALID, &error);
			}
		}
		for (unsigned p = 0; p < PVB_PARAMETER_COUNT; p++) {
			assert_ok(pvb_host_get_parameter(host, domid, (enum pvb_host_parameter)p,
							 &value, &error),
				  &error);
			assert_int_equal(value, 0x39000000 + p * page);
			assert_ok(pvb_host_get_parameter(host, other, (enum pvb_host_parameter)p,
							 &value, &error),
				  &error);
			assert_int_equal(value, 0);
		}
		assert_fails_with(
			pvb_host_set_parameter(host, domid, PVB_PARAMETER_COUNT, 0, &error),
			PVB_E_ARG_INVALID, &error);
		assert_fails_with(
			pvb_host_get_parameter(host, domid, PVB_PARAMETER_COUNT, &value, &error),
			PVB_E_ARG_INVALID, &error);
		close_sim(host);
	}
}

/* Xen's is_guest_pv64_psr(): of 32 modes three. */
static void a_vcpu_starts_in_a_state_of_a_guest(void **state)
{
	struct pvb_host *host = open_sim("arch=arm64");
	uint32_t domid = new_arm64(host, GIB);
	struct pvb_error error;

	(void)state;
	for (uint64_t psr = 0; psr < 0x400; psr++) {
		uint64_t mode = psr & 0x1f;
		bool good = mode == 0 || mode == 4 || mode == 5;
		struct pvb_host_arm64_vcpu vcpu = {.pc = RAM, .cpsr = psr}, got;
		int rc = pvb_host_set_arm64_vcpu(host, domid, 0, &vcpu, &error);

		assert_int_equal(rc, good ? 0 : -PVB_E_HOST_CONTEXT);
		if (good) {
			assert_ok(pvb_host_get_arm64_vcpu(host, domid, 0, &got, &error), &error);
			assert_int_equal(got.cpsr, psr);
		}
		/* spsr_el1 is held to the same, but 0 is none */
		vcpu.cpsr = EL1H_MASKED;
		vcpu.spsr_el1 = psr;
		rc = pvb_host_set_arm64_vcpu(host, domid, 1, &vcpu, &error);
		assert_int_equal(rc, good ? 0 : -PVB_E_HOST_CONTEXT);
	}
	close_sim(host);
}

static void a_vcpu_is_as_it_was_set(void **state)
{
	struct pvb_host *host = open_sim("arch=arm64");
	uint32_t domid = new_arm64(host, GIB);
	struct pvb_host_arm64_vcpu got, vcpu = {
						.pc = 0x40080000,
						.x = {0x48000000, 1, 2, 3},
						.cpsr = EL1H_MASKED,
						.sctlr_el1 = 0x00c50078,
						.tcr_el1 = 4,
						.ttbr0_el1 = 5,
						.ttbr1_el1 = 6,
						.online = true,
					};
	struct pvb_error error;

	(void)state;
	assert_fails_with(pvb_host_get_arm64_vcpu(host, domid, 0, &got, &error), PVB_E_HOST_STATE,
			  &error);
	assert_ok(pvb_host_set_arm64_vcpu(host, domid, 0, &vcpu, &error), &error);
	assert_ok(pvb_host_get_arm64_vcpu(host, domid, 0, &got, &error), &error);
	assert_memory_equal(&got, &vcpu, sizeof got);
	assert_fails_with(pvb_host_get_arm64_vcpu(host, domid, 1, &got, &error), PVB_E_HOST_STATE,
			  &error);

	/* Xen takes another context for one that has one. */
	vcpu.pc += 4;
	assert_ok(pvb_host_set_arm64_vcpu(host, domid, 0, &vcpu, &error), &error);
	assert_ok(pvb_host_get_arm64_vcpu(host, domid, 0, &got, &error), &error);
	assert_int_equal(got.pc, 0x40080004);

	/* What cannot be leaves what was. */
	for (unsigned low = 1; low < 4; low++) {
		vcpu.pc = 0x40080000 + low;
		assert_fails_with(pvb_host_set_arm64_vcpu(host, domid, 0, &vcpu, &error),
				  PVB_E_HOST_CONTEXT, &error);
	}
	assert_ok(pvb_host_get_arm64_vcpu(host, domid, 0, &got, &error), &error);
	assert_int_equal(got.pc, 0x40080004);

	vcpu.pc = 0x40080000;
	assert_fails_with(pvb_host_set_arm64_vcpu(host, domid, 2, &vcpu, &error),
			  PVB_E_HOST_CONTEXT, &error);
	assert_fails_with(pvb_host_get_arm64_vcpu(host, domid, 2, &got, &error), PVB_E_ARG_INVALID,
			  &error);
	close_sim(host);
}

static void frames_are_named_by_guest_frame(void **state)
{
	struct pvb_host *host = open_sim("arch=arm64,memory=4G");
	uint32_t domid = new_arm64(host, GIB), other = new_arm64(host, GIB);
	pvb_mfn_t frame[2], foreign[1];
	struct pvb_error error;
	void *at;

	(void)state;
	assert_int_equal(give(host, domid, RAM / PAGE, 0, 2, frame), 2);
	assert_int_equal(give(host, other, 2 * RAM / PAGE, 0, 1, foreign), 1);

	/* out of order, and twice */
	pvb_mfn_t gfn[] = {{RAM / PAGE + 1}, {RAM / PAGE}, {RAM / PAGE + 1}};
	assert_ok(pvb_host_map_frames(host, domid, gfn, 3, true, &at, &error), &error);
	((uint64_t *)at)[0] = 7;
	((uint64_t *)at)[512] = 8;
	assert_int_equal(((uint64_t *)at)[1024], 7);
	pvb_host_unmap_frames(host, at, 3);
	uint64_t word;
	assert_int_equal(pvb_sim_peek(host, frame[1], 0, &word, 8), 0);
	assert_int_equal(word, 7);
	assert_int_equal(pvb_sim_peek(host, frame[0], 0, &word, 8), 0);
	assert_int_equal(word, 8);

	/* another domain's, machine frames, what is nowhere, what traps, what is past the end */
	const struct {
		pvb_mfn_t gfn;
		const char *says;
	} wrong[] = {
		{GFN(2 * RAM), "is no memory"},
		{frame[0], "is no memory"},
		{GFN(RAM + 2 * PAGE), "is no memory"},
		{GFN(0x03001000), "is no memory, but the distributor of the GICv3"},
		{GFN(UINT64_C(1) << 40), "is no memory"},
		{PVB_MFN(UINT64_MAX), "is no memory"},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		gfn[2] = wrong[i].gfn;
		assert_fails_with(pvb_host_map_frames(host, domid, gfn, 3, true, &at, &error),
				  PVB_E_HOST_MAP, &error);
		assert_non_null(strstr(error.message, wrong[i].says));
	}
	assert_fails_with(pvb_host_map_frames(host, domid, gfn, 0, true, &at, &error),
			  PVB_E_ARG_INVALID, &error);
	close_sim(host);
}

static void memory_is_told_in_runs(void **state)
{
	struct pvb_host *host = open_sim("arch=arm64,granule=16K,memory=4G");
	uint64_t page = 16 * KIB, bytes;
	uint32_t domid = new_arm64(host, GIB);
	struct pvb_error error;
	pvb_mfn_t frame[3];
	bool present;

	(void)state;
	assert_int_equal(give(host, domid, RAM / page, 11, 2, frame), 2);
	assert_int_equal(give(host, domid, RAM / page + 4096, 0, 3, frame), 3);
	assert_int_equal(give(host, domid, (UINT64_C(1) << 40) / page - 1, 0, 1, frame), 1);

	static const struct {
		uint64_t address, limit;
		bool present;
		uint64_t bytes;
	} cases[] = {
		{0, 8 * RAM, false, RAM},
		{RAM, 8 * RAM, true, 64 * MIB + 48 * KIB},
		{RAM + 16 * KIB, 8 * RAM, true, 64 * MIB + 32 * KIB},
		{RAM, 16 * KIB, true, 16 * KIB},
		{RAM + 64 * MIB + 32 * KIB, GIB, true, 16 * KIB},
		{RAM + 64 * MIB + 48 * KIB, 32 * KIB, false, 32 * KIB},
		{RAM + 64 * MIB + 48 * KIB, TIB * 2, false, TIB - RAM - 64 * MIB - 64 * KIB},
		{TIB - 16 * KIB, GIB, true, 16 * KIB},
		{TIB, GIB, false, GIB},
		{UINT64_MAX - 16 * KIB + 1, 16 * KIB, false, 16 * KIB},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_ok(pvb_host_get_memory_run(host, domid, cases[i].address, cases[i].limit,
						  &present, &bytes, &error),
			  &error);
		assert_int_equal(present, cases[i].present);
		assert_int_equal(bytes, cases[i].bytes);
	}
	assert_fails_with(pvb_host_get_memory_run(host, domid, RAM, 0, &present, &bytes, &error),
			  PVB_E_ARG_INVALID, &error);
	assert_fails_with(
		pvb_host_get_memory_run(host, domid, RAM + 4096, page, &present, &bytes, &error),
		PVB_E_ARG_INVALID, &error);
	assert_fails_with(
		pvb_host_get_memory_run(host, domid, RAM, page + 4096, &present, &bytes, &error),
		PVB_E_ARG_INVALID, &error);
	close_sim(host);
}

static void rings_are_told_by_guest_frame(void **state)
{
	struct pvb_host *host = open_sim("arch=arm64,granule=64K");
	uint64_t page = 64 * KIB, magic = 0x39000000 / page;
	uint32_t domid = new_arm64(host, GIB), port[2];
	struct pvb_host_introduction told = {.name = "guest",
					     .store_frame = PVB_MFN(magic),
					     .console_frame = PVB_MFN(magic + 1)};
	struct pvb_host_grant grants[2] = {{0, 1, 0, {magic}}, {1, 1, 0, {magic + 1}}}, got[3];
	struct pvb_error error;
	pvb_mfn_t frame[2];
	size_t count;

	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_ok(pvb_host_alloc_event_channel(host, domid, 0, &port[i], &error), &error);
	told.store_port = port[0];
	told.console_port = port[1];
	assert_fails_with(pvb_host_introduce_domain(host, domid, &told, &error), PVB_E_HOST_DENIED,
			  &error);
	assert_non_null(strstr(error.message, "store ring"));
	assert_int_equal(give(host, domid, magic, 0, 1, frame), 1);
	assert_fails_with(pvb_host_introduce_domain(host, domid, &told, &error), PVB_E_HOST_DENIED,
			  &error);
	assert_non_null(strstr(error.message, "console ring of domain 1, guest frame 0x3901"));
	assert_int_equal(give(host, domid, magic + 1, 0, 1, frame), 1);
	told.console_port = 9;
	assert_fails_with(pvb_host_introduce_domain(host, domid, &told, &error), PVB_E_HOST_DENIED,
			  &error);
	told.console_port = port[1];
	assert_ok(pvb_host_introduce_domain(host, domid, &told, &error), &error);
	assert_true(pvb_sim_introduction(host, domid)->console_frame.n == magic + 1);
	assert_fails_with(pvb_host_introduce_domain(host, domid, &told, &error), PVB_E_HOST_STATE,
			  &error);

	/* a grant table has as many entries as its pages hold */
	assert_ok(pvb_host_set_grants(host, domid, grants, 2, &error), &error);
	assert_ok(pvb_host_get_grants(host, domid, got, 3, &count, &error), &error);
	assert_int_equal(count, 2);
	assert_memory_equal(got, grants, sizeof grants);
	grants[1].index = 32 * 64 * KIB / 8;
	assert_fails_with(pvb_host_set_grants(host, domid, grants, 2, &error), PVB_E_HOST_LIMIT,
			  &error);
	grants[1].index--;
	assert_ok(pvb_host_set_grants(host, domid, grants, 2, &error), &error);
	close_sim(host);
}

/* Whoever asked is told, and not that a domain could not be created. */
static void a_table_that_has_no_page_to_grow_is_told_so(void **state)
{
	struct pvb_host *host = open_sim("arch=arm64,memory=64M");
	uint32_t domid = new_arm64(host, GIB);
	struct pvb_host_grant grant = {PAGE / 8, 1, 0, {RAM / PAGE}};
	struct pvb_error error;
	pvb_mfn_t frame[1];

	(void)state;
	for (uint64_t at = RAM / PAGE; give(host, domid, at, 0, 1, frame) == 1;)
		at++;
	assert_fails_with(pvb_host_set_grants(host, domid, &grant, 1, &error), PVB_E_HOST_NO_MEMORY,
			  &error);
	assert_string_equal(error.stage, "set_grants");
	close_sim(host);
}

static void a_domain_lives_claims_and_dies(void **state)
{
	struct pvb_host *host = open_sim("arch=arm64,granule=64K,memory=8G");
	uint64_t page = 64 * KIB, all = free_memory(host);
	uint32_t domid = new_arm64(host, 2 * GIB);
	struct pvb_host_arm64_vcpu vcpu = {.cpsr = EL1H_MASKED};
	pvb_mfn_t frame[2], gfn = PVB_MFN(RAM / page);
	struct pvb_host_domain list[2];
	struct pvb_host_info info;
	struct pvb_error error;
	uint64_t value;
	size_t count;
	void *at;

	(void)state;
	assert_ok(pvb_host_claim_memory(host, domid, 2 * GIB, &error), &error);
	assert_ok(pvb_host_get_info(host, &info, &error), &error);
	assert_true(info.memory_claimed == 2 * GIB);
	assert_int_equal(give(host, domid, RAM / page, 13, 2, frame), 2);
	assert_ok(pvb_host_get_info(host, &info, &error), &error);
	assert_true(info.memory_claimed == GIB);
	assert_int_equal(about(host, domid).pages, GIB / page);
	assert_int_equal(about(host, domid).claimed_pages, GIB / page);
	assert_int_equal(about(host, domid).max_pages, 2 * GIB / page);
	assert_ok(pvb_host_unpause_domain(host, domid, &error), &error);
	assert_ok(pvb_host_list_domains(host, 0, list, 2, &count, &error), &error);
	assert_int_equal(count, 1);
	assert_true(list[0].translated && !list[0].paused);

	/* what is mapped holds a dying domain */
	assert_ok(pvb_host_map_frames(host, domid, &gfn, 1, true, &at, &error), &error);
	destroy_held(host, domid, 1);
	assert_true(about(host, domid).dying);
	assert_int_equal(about(host, domid).pages, 1);
	assert_fails_with(pvb_host_set_arm64_vcpu(host, domid, 0, &vcpu, &error), PVB_E_HOST_STATE,
			  &error);
	assert_fails_with(pvb_host_set_parameter(host, domid, PVB_PARAMETER_STORE_PORT, 1, &error),
			  PVB_E_HOST_STATE, &error);
	assert_ok(pvb_host_get_parameter(host, domid, PVB_PARAMETER_STORE_PORT, &value, &error),
		  &error);
	assert_books_balance(host);
	pvb_host_unmap_frames(host, at, 1);
	assert_true(free_memory(host) == all);
	close_sim(host);
}

static void a_frame_that_is_given_back_is_behind_nothing(void **state)
{
	struct pvb_host *host = open_sim("arch=arm64");
	uint32_t domid = new_arm64(host, GIB);
	pvb_mfn_t big[1], frame[1], gfn = GFN(RAM + 5 * PAGE);
	struct pvb_error error;
	uint64_t bytes;
	bool present;
	void *at;

	(void)state;
	assert_int_equal(give(host, domid, RAM / PAGE, 9, 1, big), 1);
	assert_int_equal(pvb_sim_give_back(host, domid, PVB_MFN(big[0].n + 5)), 0);
	assert_books_balance(host);
	assert_fails_with(pvb_host_map_frames(host, domid, &gfn, 1, false, &at, &error),
			  PVB_E_HOST_MAP, &error);
	assert_ok(pvb_host_get_memory_run(host, domid, RAM, GIB, &present, &bytes, &error), &error);
	assert_true(present && bytes == 5 * PAGE);

	/* and can be there again, in what was a hole of one page */
	assert_int_equal(give(host, domid, gfn.n, 0, 1, frame), 1);
	assert_ok(pvb_host_get_memory_run(host, domid, RAM, GIB, &present, &bytes, &error), &error);
	assert_true(present && bytes == 2 * MIB);
	close_sim(host);
}

static void books_that_contradict_the_second_stage_are_found(void **state)
{
	struct pvb_host *host = open_sim("arch=arm64,granule=16K");
	uint32_t domid = new_arm64(host, GIB);
	struct sim_stage2 *stage2 = &sim_of(host)->domains[0]->translated->stage2;
	uint64_t gfn = RAM / (16 * KIB);
	pvb_mfn_t frame[2];
	const char *wrong;

	(void)state;
	assert_int_equal(give(host, domid, gfn, 0, 2, frame), 2);
	assert_books_balance(host);
	assert_true(sim_stage2_unmap(stage2, gfn));
	wrong = pvb_sim_check(host);
	assert_non_null(wrong);
	assert_non_null(strstr(wrong, "domain 1 has 2 pages, of which 1 can be reached"));
	sim_stage2_map(stage2, gfn, frame[1].n, 0);
	wrong = pvb_sim_check(host);
	assert_non_null(wrong);
	assert_non_null(strstr(wrong, "behind guest frame 0x10000 of domain 1"));
	sim_stage2_map(stage2, gfn, frame[0].n, 0);
	close_sim(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_host_has_domains_of_its_kind),
		cmocka_unit_test(the_interrupt_controller_limits_vcpus),
		cmocka_unit_test(a_version_2_controller_wants_small_pages),
		cmocka_unit_test(the_width_is_64_and_set_before_memory),
		cmocka_unit_test(what_is_for_pv_is_refused),
		cmocka_unit_test(what_is_for_arm64_is_refused_elsewhere),
		cmocka_unit_test(a_domain_that_is_not_there_has_nothing),
		cmocka_unit_test(parameters_are_kept_and_pages_are_pages),
		cmocka_unit_test(a_vcpu_starts_in_a_state_of_a_guest),
		cmocka_unit_test(a_vcpu_is_as_it_was_set),
		cmocka_unit_test(frames_are_named_by_guest_frame),
		cmocka_unit_test(memory_is_told_in_runs),
		cmocka_unit_test(rings_are_told_by_guest_frame),
		cmocka_unit_test(a_table_that_has_no_page_to_grow_is_told_so),
		cmocka_unit_test(a_domain_lives_claims_and_dies),
		cmocka_unit_test(a_frame_that_is_given_back_is_behind_nothing),
		cmocka_unit_test(books_that_contradict_the_second_stage_are_found),
	};

	return cmocka_run_group_tests_name("sim-arm64", tests, NULL, NULL);
}
