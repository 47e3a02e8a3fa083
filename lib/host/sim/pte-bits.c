/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The software bits of L1 entries that the hypervisor has for itself. Xen's are wired in;
 * with pte-bits=domain this host is what Xen could be: each domain has its own, from
 * before its first page to its end, so that no entry ever has to be read in two ways.
 */
#include "host/sim/model.h"

/* Where protection keys stand (Intel SDM 3A, 4.6.2). */
#define KEYS(bit) ((bit) >= 59 && (bit) <= 62)

struct pvb_host_pte_bits sim_default_pte_bits(const struct sim *sim, unsigned guest_bits)
{
	return (struct pvb_host_pte_bits){
		.kernel_bit = guest_bits == 64 ? SIM_KERNEL_BIT : PVB_GUEST_PTE_NO_BIT,
		.grant_bit = sim->options.debug ? SIM_GRANT_BIT : PVB_GUEST_PTE_NO_BIT,
	};
}

static bool is_softwares(unsigned bit)
{
	return bit < 64 && (uint64_t)PVB_GUEST_PTE_SOFTWARE >> bit & 1;
}

/* NULL, or what is wrong. */
static const char *judge(const struct sim *sim, const struct sim_domain *domain,
			 const struct pvb_host_pte_bits *bits)
{
	const bool marks_kernel = bits->kernel_bit != PVB_GUEST_PTE_NO_BIT;
	const bool marks_grants = bits->grant_bit != PVB_GUEST_PTE_NO_BIT;

	if (marks_kernel != (domain->bits == 64))
		return marks_kernel ? "entries of a 32-bit domain are not marked as the kernel's"
				    : "a 64-bit domain needs a bit that marks kernel mappings";
	if ((marks_kernel && !is_softwares(bits->kernel_bit)) ||
	    (marks_grants && !is_softwares(bits->grant_bit)))
		return "only bits 9 to 11 and 52 to 62 are software's";
	if (marks_grants && bits->grant_bit == bits->kernel_bit)
		return "kernel mappings and grants cannot be marked by the same bit";
	if (marks_grants && !sim->options.debug)
		return "a release build marks no grants";
	if (bits->keys &&
	    ((marks_kernel && KEYS(bits->kernel_bit)) || (marks_grants && KEYS(bits->grant_bit))))
		return "bits 59 to 62 are those of the protection keys";
	return NULL;
}

int sim_set_pte_bits(struct pvb_host *host, uint32_t domid, const struct pvb_host_pte_bits *bits,
		     struct pvb_error *error)
{
	static const char call[] = "set_pte_bits";
	struct sim *sim = sim_of(host);
	struct sim_domain *domain;
	int rc = sim_call_live(sim, call, domid, &domain, error);

	if (rc)
		return rc;
	if (domain->pages)
		return pvb_fail(error, PVB_E_HOST_STATE, call,
				"domain %u has %u pages already; the bits of its page-table "
				"entries are set before it has any",
				domid, domain->pages);

	const char *wrong = judge(sim, domain, bits);
	if (wrong)
		return pvb_fail(
			error, PVB_E_HOST_PTE_BITS, call,
			"domain %u cannot have bit %u for kernel mappings and %u for grants "
			"(%u: none): %s",
			domid, bits->kernel_bit, bits->grant_bit, PVB_GUEST_PTE_NO_BIT, wrong);
	domain->pte_bits = *bits;
	return 0;
}

int sim_get_pte_bits(struct pvb_host *host, uint32_t domid, struct pvb_host_pte_bits *bits,
		     struct pvb_error *error)
{
	struct sim_domain *domain;
	int rc = sim_call(sim_of(host), "get_pte_bits", domid, &domain, error);

	if (rc == 0)
		*bits = domain->pte_bits;
	return rc;
}
