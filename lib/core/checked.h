/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arithmetic on numbers that somebody else chose: false where the result does not fit. */
#ifndef PVB_CORE_CHECKED_H
#define PVB_CORE_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

static inline bool pvb_add(uint64_t a, uint64_t b, uint64_t *sum)
{
	return !__builtin_add_overflow(a, b, sum);
}

static inline bool pvb_sub(uint64_t a, uint64_t b, uint64_t *difference)
{
	return !__builtin_sub_overflow(a, b, difference);
}

static inline bool pvb_mul(uint64_t a, uint64_t b, uint64_t *product)
{
	return !__builtin_mul_overflow(a, b, product);
}

/* unit is a power of two. */
static inline bool pvb_round_up(uint64_t value, uint64_t unit, uint64_t *rounded)
{
	uint64_t sum;

	if (!pvb_add(value, unit - 1, &sum))
		return false;
	*rounded = sum & ~(unit - 1);
	return true;
}

static inline uint64_t pvb_round_down(uint64_t value, uint64_t unit)
{
	return value & ~(unit - 1);
}

static inline bool pvb_is_aligned(uint64_t value, uint64_t unit)
{
	return (value & (unit - 1)) == 0;
}

static inline bool pvb_is_power_of_two(uint64_t value)
{
	return value && (value & (value - 1)) == 0;
}

/* For numbers that are known to be far from overflowing. unit need not be a power of two. */
static inline uint64_t pvb_div_round_up(uint64_t value, uint64_t unit)
{
	return value / unit + (value % unit != 0);
}

static inline uint64_t pvb_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t pvb_max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

#endif
