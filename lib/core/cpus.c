/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/cpus.h"

#include <stdio.h>
#include <string.h>

bool pvb_cpus_has(const struct pvb_cpus *cpus, uint64_t cpu)
{
	return cpu < PVB_CPUS_MAX && cpus->byte[cpu / 8] >> cpu % 8 & 1;
}

void pvb_cpus_put(struct pvb_cpus *cpus, uint64_t cpu, bool in)
{
	if (cpu >= PVB_CPUS_MAX)
		return;

	uint8_t bit = (uint8_t)(1u << cpu % 8);

	if (in)
		cpus->byte[cpu / 8] |= bit;
	else
		cpus->byte[cpu / 8] &= (uint8_t)~bit;
}

void pvb_cpus_first(struct pvb_cpus *cpus, uint64_t count)
{
	*cpus = (struct pvb_cpus){{0}};
	for (uint64_t cpu = 0; cpu < count && cpu < PVB_CPUS_MAX; cpu++)
		pvb_cpus_put(cpus, cpu, true);
}

bool pvb_cpus_empty(const struct pvb_cpus *cpus)
{
	return pvb_cpus_end(cpus) == 0;
}

unsigned pvb_cpus_end(const struct pvb_cpus *cpus)
{
	size_t byte = sizeof cpus->byte;

	while (byte && !cpus->byte[byte - 1])
		byte--;
	if (!byte)
		return 0;
	return (unsigned)(byte - 1) * 8 + 32 - (unsigned)__builtin_clz(cpus->byte[byte - 1]);
}

void pvb_cpus_and(struct pvb_cpus *a, const struct pvb_cpus *b)
{
	for (size_t i = 0; i < sizeof a->byte; i++)
		a->byte[i] &= b->byte[i];
}

void pvb_cpus_or(struct pvb_cpus *a, const struct pvb_cpus *b)
{
	for (size_t i = 0; i < sizeof a->byte; i++)
		a->byte[i] |= b->byte[i];
}

void pvb_cpus_without(struct pvb_cpus *a, const struct pvb_cpus *b)
{
	for (size_t i = 0; i < sizeof a->byte; i++)
		a->byte[i] &= (uint8_t)~b->byte[i];
}

struct pvb_cpus_text pvb_cpus_format(const struct pvb_cpus *cpus)
{
	struct pvb_cpus_text result = {"none"};
	const unsigned end = pvb_cpus_end(cpus);
	size_t used = 0;

	for (unsigned cpu = 0, last; cpu < end; cpu = last + 1) {
		last = cpu;
		if (!pvb_cpus_has(cpus, cpu))
			continue;
		while (pvb_cpus_has(cpus, last + 1))
			last++;
		/* Room for a comma, two numbers of five digits, a dash, and the dots after them. */
		if (used + 17 > sizeof result.text) {
			(void)snprintf(result.text + used, sizeof result.text - used, ",...");
			break;
		}
		used += (size_t)snprintf(result.text + used, sizeof result.text - used,
					 last > cpu ? "%s%u-%u" : "%s%u", used ? "," : "", cpu,
					 last);
	}
	return result;
}
