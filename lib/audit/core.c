/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain in a core dump. .xen_p2m takes the place of the M2P; the pages are read where they are.
 */
#include <stdlib.h>
#include <string.h>

#include "audit/view.h"
#include "core/error.h"
#include "reach/core-memory.h"

struct core {
	struct view view;
	struct core_memory memory;
};

static void core_close(struct view *view)
{
	struct core *core = (struct core *)view;

	core_memory_close(&core->memory);
	free(core);
}

static int core_read(struct view *view, const pvb_mfn_t *frames, size_t count, uint8_t *to,
		     struct pvb_error *error)
{
	const struct core *core = (const struct core *)view;

	return core_memory_read(&core->memory, frames, count, to, error);
}

static int core_m2p(struct view *view, pvb_mfn_t first, uint64_t limit, pvb_pfn_t *pfn,
		    uint64_t *count, struct pvb_error *error)
{
	const struct core *core = (const struct core *)view;

	(void)error;
	core_memory_m2p(&core->memory, first, limit, pfn, count);
	return 0;
}

static int core_frames(struct view *view, const pvb_mfn_t *frames, size_t count,
		       struct view_frame *info, struct pvb_error *error)
{
	const struct core *core = (const struct core *)view;

	(void)error;
	for (size_t i = 0; i < count; i++)
		info[i] = (struct view_frame){
			.owned = core_memory_has(&core->memory, frames[i]),
			.type = PVB_FRAME_PLAIN,
		};
	return 0;
}

static const struct view_ops core_ops = {
	.close = core_close,
	.read = core_read,
	.m2p = core_m2p,
	.frames = core_frames,
};

int view_core(const char *path, size_t max_extents, struct view **view, struct pvb_error *error)
{
	struct core *core = (struct core *)calloc(1, sizeof *core);

	*view = NULL;
	if (!core)
		return pvb_fail_memory(error, "audit", "the view of a core");
	view_init(&core->view, &core_ops);
	int rc = core_memory_open(path, max_extents, &core->memory, error);

	if (rc == -PVB_E_P2M_SCATTERED)
		pvb_hint(error, "raise pvb_audit_options.max_extents for a core that is trusted");
	if (rc) {
		free(core);
		return rc;
	}
	core->view.guest_bits = core->memory.file.guest_bits;
	core->view.pages = core->memory.pages;
	core->view.vcpu = core->memory.vcpu;
	core->view.has_shared_info = core->memory.has_shared_info;
	memcpy(core->view.shared_info, core->memory.shared_info, sizeof core->view.shared_info);
	*view = &core->view;
	return 0;
}
