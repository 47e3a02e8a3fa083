/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "build/cpus.h"

#include <string.h>

#include "core/checked.h"

#define STAGE "affinity"

/* A list that is being read. all: the CPUs of the host; cpus: those that the list has named so far.
 */
struct parser {
	struct pvb_host *host;
	unsigned nodes;
	const char *list;
	struct pvb_cpus all;
	struct pvb_cpus cpus;
	struct pvb_error *error;
};

/* A piece of text, from "at" to "end". */
struct term {
	const char *at;
	const char *end;
};

static int refuse(const struct parser *parser, const struct term *term, const char *why)
{
	int rc = pvb_fail(parser->error, PVB_E_ARG_CPUS, STAGE, "CPUs \"%.80s\": \"%.*s\" %s",
			  parser->list, (int)pvb_min((uint64_t)(term->end - term->at), 40),
			  term->at, why);

	pvb_hint(parser->error,
		 "write numbers, ranges, node:N or all, with commas between, and ^ before what is "
		 "to be left out: 0-7,^2-3");
	return rc;
}

static bool skip(struct term *term, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(term->end - term->at) < length || memcmp(term->at, word, length) != 0)
		return false;
	term->at += length;
	return true;
}

/* xl skips blanks before a number, and before nothing else. */
static bool take_number(struct term *term, uint64_t *number)
{
	const char *digits;

	while (term->at < term->end && (*term->at == ' ' || *term->at == '\t'))
		term->at++;
	digits = term->at;
	*number = 0;
	for (; term->at < term->end && *term->at >= '0' && *term->at <= '9'; term->at++)
		if (!pvb_mul(*number, 10, number) ||
		    !pvb_add(*number, (uint64_t)(*term->at - '0'), number))
			return false;
	return term->at > digits;
}

static bool take_range(struct term *term, uint64_t *first, uint64_t *last)
{
	if (!take_number(term, first))
		return false;
	*last = *first;
	if (skip(term, "-") && !take_number(term, last))
		return false;
	return term->at == term->end && *first <= *last;
}

/* The numbers first to last stand for CPUs, or for nodes with all of their CPUs. */
static int gather(const struct parser *parser, bool nodes, uint64_t first, uint64_t last,
		  struct pvb_cpus *named)
{
	const uint64_t end = nodes ? parser->nodes : PVB_CPUS_MAX;
	int rc = 0;

	*named = (struct pvb_cpus){{0}};
	for (uint64_t n = first; rc == 0 && n <= last && n < end; n++) {
		struct pvb_cpus of_node;

		if (!nodes) {
			pvb_cpus_put(named, n, true);
			continue;
		}
		rc = pvb_host_get_cpus(parser->host, (int)n, &of_node, parser->error);
		if (rc == 0)
			pvb_cpus_or(named, &of_node);
	}
	return rc;
}

static int take_term(struct parser *parser, const struct term *whole)
{
	struct term term = *whole;
	const bool without = skip(&term, "^");
	const bool nodes = skip(&term, "node:") || skip(&term, "nodes:");
	struct pvb_cpus named;
	uint64_t first, last;

	if (term.end - term.at == 3 && memcmp(term.at, "all", 3) == 0) {
		if (without)
			return refuse(parser, whole, "leaves out all");
		parser->cpus = parser->all;
		return 0;
	}
	if (!take_range(&term, &first, &last))
		return refuse(parser, whole, "is neither a number, a range nor \"all\"");

	int rc = gather(parser, nodes, first, last, &named);

	if (rc)
		return rc;
	if (without)
		pvb_cpus_without(&parser->cpus, &named);
	else
		pvb_cpus_or(&parser->cpus, &named);
	return 0;
}

int pvb_parse_cpus(struct pvb_host *host, unsigned nodes, const char *list, struct pvb_cpus *cpus,
		   struct pvb_error *error)
{
	struct parser parser = {.host = host, .nodes = nodes, .list = list, .error = error};
	int rc = pvb_host_get_cpus(host, PVB_HOST_ANY_NODE, &parser.all, error);

	for (const char *at = list; rc == 0 && *at;) {
		const struct term term = {at, at + strcspn(at, ",")};

		/* xl takes two commas for one. */
		if (term.end > term.at)
			rc = take_term(&parser, &term);
		at = *term.end ? term.end + 1 : term.end;
	}
	pvb_cpus_and(&parser.cpus, &parser.all);
	*cpus = parser.cpus;
	return rc;
}
