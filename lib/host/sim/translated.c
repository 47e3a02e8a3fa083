/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls about translated (arm64) domains, and what those do not share with PV ones. */
#include "host/sim/model.h"

#include <stdlib.h>
#include <string.h>

#include "core/checked.h"

/* PSTATE as in SPSR_EL2: bit 4 is AArch32, bits 3:0 the exception level and stack. */
#define PSR_AARCH32 0x10u
#define PSR_MODE 0x1fu
#define PSR_EL0T 0x00u
#define PSR_EL1T 0x04u
#define PSR_EL1H 0x05u

/* ---- life -------------------------------------------------------------------------- */

/* A GICv2 has eight CPU interfaces; public arch-arm.h has room for 128 redistributors. */
uint32_t sim_arm64_max_vcpus(const struct sim *sim)
{
	return sim->options.gic_version == 2 ? 8 : 128;
}

int sim_translated_check(const struct sim *sim, const struct pvb_host_domain_config *config,
			 struct pvb_error *error)
{
	static const char call[] = "create_domain";
	const struct sim_options *options = &sim->options;
	const char *clash[2];

	if (config->translated != options->arm64)
		return pvb_fail(error, PVB_E_HOST_GUEST_TYPE, call,
				config->translated
					? "an arm64 guest, but this hypervisor runs on x86"
					: "a PV guest, but this hypervisor runs on arm64, where "
					  "there are none");
	if (options->arm64 && sim_stage2_clash(options->page_shift, options->gic_version, clash))
		return pvb_fail(error, PVB_E_HOST_GUEST_TYPE, call,
				"no guest is possible here: %s, which must trap, and %s, which "
				"must not, share a page of %u KiB",
				clash[0], clash[1], 1u << (options->page_shift - 10));
	return 0;
}

struct sim_translated *sim_translated_new(const struct sim *sim, uint32_t vcpus)
{
	struct sim_translated *translated = calloc(1, sizeof *translated);

	if (!translated)
		return NULL;
	translated->vcpu = calloc(vcpus, sizeof *translated->vcpu);
	if (translated->vcpu && sim_stage2_open(&translated->stage2, sim->options.page_shift,
						sim->options.gic_version) == 0)
		return translated;
	if (translated->vcpu)
		sim_stage2_close(&translated->stage2);
	free(translated->vcpu);
	free(translated);
	return NULL;
}

void sim_translated_free(struct sim_translated *translated)
{
	if (!translated)
		return;
	sim_stage2_close(&translated->stage2);
	free(translated->vcpu);
	free(translated);
}

/* ---- which calls are for which domains ----------------------------------------------- */

int sim_want_pv(const struct sim_domain *domain, const char *call, struct pvb_error *error)
{
	if (!domain->translated)
		return 0;
	return pvb_fail(error, PVB_E_HOST_STATE, call,
			"%s is for PV domains, and domain %u is an arm64 one, which is translated",
			call, domain->domid);
}

static int want_translated(const struct sim_domain *domain, const char *call,
			   struct pvb_error *error)
{
	if (domain->translated)
		return 0;
	return pvb_fail(error, PVB_E_HOST_STATE, call,
			"%s is for translated domains, and domain %u is a PV one", call,
			domain->domid);
}

/* ---- memory ------------------------------------------------------------------------ */

/*
 * Xen takes any size, and cuts it into what its tables map. Here an extent is what one
 * entry maps, so that nothing is cut behind the builder's back.
 */
int sim_translated_check_populate(const struct sim_domain *domain,
				  const struct pvb_host_populate *request, struct pvb_error *error)
{
	static const char call[] = "populate";
	const struct sim_stage2 *stage2 = &domain->translated->stage2;
	unsigned shift = stage2->shift, order = request->shift - shift;
	uint64_t end = request->address + (request->count << request->shift), run;

	if (order > SIM_MAX_ORDER || !(sim_extent_orders(shift) >> order & 1))
		return pvb_fail(error, PVB_E_ARG_INVALID, call,
				"extents of 2^%u bytes, which no entry of a table maps where pages "
				"have 2^%u",
				request->shift, shift);
	if (!pvb_is_aligned(request->address, UINT64_C(1) << request->shift))
		return pvb_fail(error, PVB_E_ARG_INVALID, call,
				"extents of 2^%u bytes at %#llx, which is no multiple of that",
				request->shift, (unsigned long long)request->address);
	if (end > UINT64_C(1) << SIM_GUEST_BITS)
		return pvb_fail(error, PVB_E_ARG_INVALID, call,
				"extents up to %#llx, but guest physical addresses have %u bits",
				(unsigned long long)end, SIM_GUEST_BITS);

	const char *reserved =
		request->count ? sim_stage2_reserved(stage2, request->address, end) : NULL;
	if (reserved)
		return pvb_fail(error, PVB_E_HOST_DENIED, call,
				"memory of domain %u from %#llx to %#llx would share a page of %u "
				"KiB with %s",
				domain->domid, (unsigned long long)request->address,
				(unsigned long long)end, 1u << (shift - 10), reserved);

	uint64_t first = request->address >> shift, frames = request->count << order;
	bool there = frames && sim_stage2_present(stage2, first, frames, &run);
	if (!frames || (!there && run == frames))
		return 0;

	uint64_t taken = there ? request->address : request->address + (run << shift);
	return pvb_fail(error, PVB_E_HOST_STATE, call, "domain %u has memory at %#llx already",
			domain->domid, (unsigned long long)taken);
}

int sim_translated_frame(const struct sim_domain *domain, const char *call, uint64_t gfn,
			 uint64_t *mfn, struct pvb_error *error)
{
	const struct sim_stage2 *stage2 = &domain->translated->stage2;
	uint64_t count, frames = UINT64_C(1) << (SIM_GUEST_BITS - stage2->shift);

	*mfn = gfn < frames ? sim_stage2_look(stage2, gfn, &count) : PVB_NO_FRAME;
	if (*mfn != PVB_NO_FRAME)
		return 0;

	const char *reserved = gfn < frames ? sim_stage2_reserved(stage2, gfn << stage2->shift,
								  (gfn + 1) << stage2->shift)
					    : NULL;
	return pvb_fail(error, PVB_E_HOST_MAP, call,
			"guest frame %#llx of domain %u is no memory%s%s", (unsigned long long)gfn,
			domain->domid, reserved ? ", but " : "", reserved ? reserved : "");
}

int sim_get_memory_run(struct pvb_host *host, uint32_t domid, uint64_t address, uint64_t limit,
		       bool *present, uint64_t *bytes, struct pvb_error *error)
{
	static const char call[] = "get_memory_run";
	struct sim_domain *domain;
	int rc = sim_call(sim_of(host), call, domid, &domain, error);

	if (rc == 0)
		rc = want_translated(domain, call, error);
	if (rc)
		return rc;

	const struct sim_stage2 *stage2 = &domain->translated->stage2;
	uint64_t first, frames, count;

	if (!limit || !pvb_whole_frames(address, stage2->shift, &first) ||
	    !pvb_whole_frames(limit, stage2->shift, &frames))
		return pvb_fail(error, PVB_E_ARG_INVALID, call,
				"%#llx bytes from %#llx on are not some whole pages of %u KiB",
				(unsigned long long)limit, (unsigned long long)address,
				1u << (stage2->shift - 10));
	if (first >> (SIM_GUEST_BITS - stage2->shift)) {
		*present = false;
		*bytes = limit;
		return 0;
	}
	/* Nothing is past the end of the address space, but no need to look there for ever. */
	frames = pvb_min(frames, (UINT64_C(1) << (SIM_GUEST_BITS - stage2->shift)) - first);
	*present = sim_stage2_present(stage2, first, frames, &count);
	*bytes = count << stage2->shift;
	return 0;
}

/* ---- what the guest asks for ---------------------------------------------------------- */

static bool is_page(enum pvb_host_parameter parameter)
{
	return parameter == PVB_PARAMETER_STORE_PAGE || parameter == PVB_PARAMETER_CONSOLE_PAGE;
}

static int check_parameter(enum pvb_host_parameter parameter, const char *call,
			   struct pvb_error *error)
{
	if ((unsigned)parameter < PVB_PARAMETER_COUNT)
		return 0;
	return pvb_fail(error, PVB_E_ARG_INVALID, call, "there is no parameter %u",
			(unsigned)parameter);
}

/* arch/arm/hvm.c keeps what it is given; pages have to be frames by then. */
int sim_set_parameter(struct pvb_host *host, uint32_t domid, enum pvb_host_parameter parameter,
		      uint64_t value, struct pvb_error *error)
{
	static const char call[] = "set_parameter";
	struct sim *sim = sim_of(host);
	struct sim_domain *domain;
	uint64_t frame;
	int rc = sim_call_live(sim, call, domid, &domain, error);

	if (rc == 0)
		rc = want_translated(domain, call, error);
	if (rc == 0)
		rc = check_parameter(parameter, call, error);
	if (rc)
		return rc;
	if (is_page(parameter) && !pvb_whole_frames(value, sim->options.page_shift, &frame))
		return pvb_fail(error, PVB_E_ARG_INVALID, call,
				"a page of domain %u at %#llx, but pages have %u KiB", domid,
				(unsigned long long)value, 1u << (sim->options.page_shift - 10));
	domain->translated->parameter[parameter] = value;
	return 0;
}

int sim_get_parameter(struct pvb_host *host, uint32_t domid, enum pvb_host_parameter parameter,
		      uint64_t *value, struct pvb_error *error)
{
	static const char call[] = "get_parameter";
	struct sim_domain *domain;
	int rc = sim_call(sim_of(host), call, domid, &domain, error);

	if (rc == 0)
		rc = want_translated(domain, call, error);
	if (rc == 0)
		rc = check_parameter(parameter, call, error);
	if (rc == 0)
		*value = domain->translated->parameter[parameter];
	return rc;
}

/* ---- vCPUs -------------------------------------------------------------------------- */

/* arch/arm/domain.c, is_guest_pv64_psr(): AArch64, and no more than EL1. */
static bool is_guest_state(uint64_t psr)
{
	unsigned mode = psr & PSR_MODE;

	return !(psr & PSR_AARCH32) && (mode == PSR_EL1H || mode == PSR_EL1T || mode == PSR_EL0T);
}

static int check_vcpu(const struct sim_domain *domain, uint32_t number,
		      const struct pvb_host_arm64_vcpu *r, struct pvb_error *error)
{
	static const char call[] = "set_arm64_vcpu";

	if (number >= domain->vcpu_count)
		return pvb_fail(error, PVB_E_HOST_CONTEXT, call,
				"vCPU %u of domain %u, which has %u", number, domain->domid,
				domain->vcpu_count);
	if (!is_guest_state(r->cpsr))
		return pvb_fail(error, PVB_E_HOST_CONTEXT, call,
				"vCPU %u of domain %u is to start with PSTATE %#llx, which is not "
				"EL1 or EL0 of AArch64",
				number, domain->domid, (unsigned long long)r->cpsr);
	if (r->spsr_el1 && !is_guest_state(r->spsr_el1))
		return pvb_fail(error, PVB_E_HOST_CONTEXT, call,
				"vCPU %u of domain %u is to have SPSR_EL1 %#llx, which is not EL1 "
				"or EL0 of AArch64",
				number, domain->domid, (unsigned long long)r->spsr_el1);
	if (r->pc & 3)
		return pvb_fail(error, PVB_E_HOST_CONTEXT, call,
				"vCPU %u of domain %u is to start at %#llx, where no instruction "
				"can be: they are aligned to 4 bytes",
				number, domain->domid, (unsigned long long)r->pc);
	return 0;
}

int sim_set_arm64_vcpu(struct pvb_host *host, uint32_t domid, uint32_t number,
		       const struct pvb_host_arm64_vcpu *registers, struct pvb_error *error)
{
	static const char call[] = "set_arm64_vcpu";
	struct sim_domain *domain;
	int rc = sim_call_live(sim_of(host), call, domid, &domain, error);

	if (rc == 0)
		rc = want_translated(domain, call, error);
	if (rc == 0)
		rc = check_vcpu(domain, number, registers, error);
	if (rc == 0)
		domain->translated->vcpu[number] =
			(struct sim_arm64_vcpu){.registers = *registers, .set_up = true};
	return rc;
}

int sim_get_arm64_vcpu(struct pvb_host *host, uint32_t domid, uint32_t number,
		       struct pvb_host_arm64_vcpu *registers, struct pvb_error *error)
{
	static const char call[] = "get_arm64_vcpu";
	struct sim_domain *domain;
	int rc = sim_call(sim_of(host), call, domid, &domain, error);

	if (rc == 0)
		rc = want_translated(domain, call, error);
	if (rc)
		return rc;
	if (number >= domain->vcpu_count)
		return pvb_fail(error, PVB_E_ARG_INVALID, call,
				"vCPU %u of domain %u, which has %u", number, domid,
				domain->vcpu_count);
	if (!domain->translated->vcpu[number].set_up)
		return pvb_fail(error, PVB_E_HOST_STATE, call,
				"vCPU %u of domain %u was never set up", number, domid);
	*registers = domain->translated->vcpu[number].registers;
	return 0;
}
