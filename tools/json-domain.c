/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* {"type": "pvbuild.domain"} and {"type": "pvbuild.audit"} */
#include "json-build.h"

#include "machine.h"
#include "names.h"

/* The fields by the names that Xen's public xen.h gives them; unions are spelt out. */
static struct json_object *start_info_object(const struct pvb_start_info *info)
{
	struct json_object *object = json_map();

	json_add_text(object, "magic", info->magic);
	json_add_number(object, "nr_pages", info->nr_pages);
	json_add_hex(object, "shared_info", info->shared_info);
	json_add_hex(object, "flags", info->flags);
	json_add_hex(object, "store_mfn", info->store_mfn);
	json_add_number(object, "store_evtchn", info->store_evtchn);

	struct json_object *console = json_add(object, "console", json_map());
	struct json_object *domu = json_add(console, "domU", json_map());

	json_add_hex(domu, "mfn", info->console_mfn);
	json_add_number(domu, "evtchn", info->console_evtchn);
	json_add_hex(object, "pt_base", info->pt_base);
	json_add_number(object, "nr_pt_frames", info->nr_pt_frames);
	json_add_hex(object, "mfn_list", info->mfn_list);
	json_add_hex(object, "mod_start", info->mod_start);
	json_add_number(object, "mod_len", info->mod_len);
	json_add_text(object, "cmd_line", info->cmd_line);
	json_add_hex(object, "first_p2m_pfn", info->first_p2m_pfn);
	json_add_number(object, "nr_p2m_frames", info->nr_p2m_frames);
	return object;
}

/* Of a translated domain, which has no start_info. */
static struct json_object *parameters_object(const struct pvb_domain_parameters *parameters)
{
	struct json_object *object = json_map();

	json_add_hex(object, "store_gpa", parameters->store_gpa);
	json_add_number(object, "store_evtchn", parameters->store_port);
	json_add_hex(object, "console_gpa", parameters->console_gpa);
	json_add_number(object, "console_evtchn", parameters->console_port);
	return object;
}

static void add_start(struct json_object *object, const struct pvb_domain_info *domain)
{
	if (domain->translated) {
		json_add_null(object, "start_info");
		json_add_null(object, "shared_info");
		json_add_null(object, "root_maddr");
		json_add_null(object, "p2m_root_maddr");
		(void)json_add(object, "parameters", parameters_object(&domain->parameters));
		return;
	}
	(void)json_add(object, "start_info", start_info_object(&domain->start_info));

	struct json_object *shared = json_add(object, "shared_info", json_map());

	json_add_hex(shared, "maddr", domain->shared_info_maddr);
	json_add_hex_or_null(object, "p2m_root_maddr", domain->p2m_root_maddr);
	json_add_hex(object, "root_maddr", domain->root_maddr);
}

static struct json_object *calls_object(const struct pvb_host *host)
{
	struct json_object *object = json_map();
	const char *name;
	uint64_t count;

	for (size_t i = 0; (name = pvb_host_call_count(host, i, &count)); i++)
		if (count)
			json_add_number(object, name, count);
	return object;
}

static struct json_object *extent_object(const void *domain, size_t index)
{
	const struct pvb_domain_info *info = domain;
	struct json_object *object = json_map();

	json_add_hex(object, "gpa", info->extents[index].gpa);
	json_add_hex(object, "maddr", info->extents[index].maddr);
	json_add_number(object, "bytes", info->extents[index].bytes);
	return object;
}

/* How much of guest memory lies on either side of a power of two. */
static struct json_object *side_object(const struct pvb_domain_info *domain, unsigned bits)
{
	struct machine_side side = machine_side(domain, bits);
	struct json_object *object = json_map();

	json_add_number(object, "bits", bits);
	json_add_number(object, "below", side.below);
	json_add_number(object, "above", side.above);
	return object;
}

/* At 4 GiB, at 64 TiB, and at the guest's own limit. */
static struct json_object *machine_memory_object(const struct pvb_domain_info *domain)
{
	struct machine_span span = machine_span(domain);
	struct json_object *object = json_map();

	json_add_hex(object, "from", span.from);
	json_add_hex(object, "to", span.to);

	struct json_object *sides = json_add(object, "sides", json_array());

	json_append(sides, side_object(domain, 32));
	json_append(sides, side_object(domain, 46));
	if (domain->address_bits != 32 && domain->address_bits != 46)
		json_append(sides, side_object(domain, domain->address_bits));
	return object;
}

static struct json_object *grant_table_array(const struct pvb_domain_info *domain)
{
	struct json_object *array = json_array();

	for (size_t i = 0; i < domain->grant_table_pages; i++) {
		struct json_object *object = json_map();

		json_add_hex(object, "maddr", domain->grant_table[i]);
		json_append(array, object);
	}
	return array;
}

struct json_object *json_domain(const struct creation *creation)
{
	const struct pvb_domain_info *domain = creation->domain;
	struct json_object *object = json_typed("pvbuild.domain");

	json_add_number(object, "domid", domain->domid);
	json_add_text(object, "name", domain->name);
	json_add_text(object, "uuid", format_uuid(domain->uuid).text);
	json_add_text(object, "state", creation->runs ? "running" : "paused");
	json_add_text(object, "host", creation->host_info->name);
	json_add_text(object, "host_version", creation->host_info->version);
	(void)json_add(object, "plan", json_plan(creation->plan));
	add_start(object, domain);
	json_add_number(object, "address_bits", domain->address_bits);
	(void)json_add(object, "grant_table", grant_table_array(domain));
	json_add_list(object, "extents",
		      (struct json_list){domain, domain->extent_count, extent_object});
	(void)json_add(object, "machine_memory", machine_memory_object(domain));
	(void)json_add(object, "calls", calls_object(creation->host));

	struct json_object *stages = json_add(object, "stages", json_array());

	for (size_t i = 0; i < creation->step_count; i++) {
		struct json_object *stage = json_map();

		json_add_text(stage, "name", creation->steps[i].name);
		json_add_ms(stage, "ms", creation->steps[i].nanoseconds);
		json_append(stages, stage);
	}
	json_add_number(object, "mapped_peak", creation->mapped_peak);
	json_add_number(object, "peak_rss", creation->peak_rss);
	json_add_number(object, "image_peak", creation->image_peak);
	json_add_text(object, "dump", creation->dump);
	(void)json_add(object, "audit", creation->audit ? json_audit(creation->audit) : NULL);
	return object;
}

struct json_object *json_audit(const struct pvb_audit_report *report)
{
	struct json_object *object = json_typed("pvbuild.audit");

	json_add_bool(object, "passed", report->passed);
	json_add_number(object, "checks", report->checks);
	json_add_number(object, "skipped", report->skipped);
	json_add_number(object, "total_findings", report->total_findings);

	struct json_object *findings = json_add(object, "findings", json_array());

	for (size_t i = 0; i < report->finding_count; i++) {
		const struct pvb_finding *finding = &report->findings[i];
		struct json_object *entry = json_map();

		json_add_text(entry, "rule", finding->rule);
		json_add_text(entry, "severity", severity_name(finding->severity));
		json_add_text(entry, "where", finding->where);
		json_add_text(entry, "message", finding->message);
		json_append(findings, entry);
	}
	return object;
}
