/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What "p2m" says of a live domain whose p2m names frames of others, in text. */
#include "support/test.h"

#include <stdio.h>
#include <unistd.h>

#include <pvbuild/pvbuild.h>

#include "p2m-view.h"
#include "render.h"

static const struct pvb_domain_state domain = {.domid = 7, .name = "guest"};
static const struct pvb_p2m_extent memory = {0, 0x1000, 512};
static const struct pvb_p2m_extent strangers[] = {{5, 0x1005, 1}, {9, 0x1009, 2}};

static struct pvb_p2m_info info_with(bool asked, size_t not_owned)
{
	return (struct pvb_p2m_info){
		.geometry = {.pfns = 512, .entry_size = 8, .page_size = 4096},
		.anchors = {.guest_bits = 64},
		.anchor = PVB_P2M_ANCHOR_START_INFO,
		.vaddr = 0x1000,
		.leaf_pages = 1,
		.extents = &memory,
		.extent_count = 1,
		.frames = 512,
		.m2p_known = true,
		.owners_known = asked,
		.not_owned = strangers,
		.not_owned_count = not_owned,
		.total_not_owned = not_owned ? 3 : 0,
	};
}

/* What is printed meanwhile. */
static const char *printed(void (*render)(const struct p2m_view *view), const struct p2m_view *view)
{
	static char text[8192];
	FILE *file = tmpfile();
	int out = dup(STDOUT_FILENO);

	assert_non_null(file);
	assert_true(out >= 0);
	assert_int_equal(fflush(stdout), 0);
	assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);
	render(view);
	assert_int_equal(fflush(stdout), 0);
	assert_true(dup2(out, STDOUT_FILENO) >= 0);
	assert_int_equal(close(out), 0);
	rewind(file);
	text[fread(text, 1, sizeof text - 1, file)] = '\0';
	assert_int_equal(fclose(file), 0);
	return text;
}

static void frames_of_others_are_listed_and_no_good(void **state)
{
	struct pvb_p2m_info info = info_with(true, 2);
	struct p2m_view view = {.domain = &domain, .info = &info};
	const char *text = printed(render_p2m, &view);

	(void)state;
	assert_non_null(strstr(text, "NOT the domain, of 3 PFNs"));
	assert_non_null(strstr(text, "agrees on every frame"));
	assert_non_null(strstr(text, "MFN that is not the domain's"));
	assert_non_null(strstr(text, "0x1009"));
	assert_false(p2m_view_good(&view));
}

static void frames_of_the_domain_are_good(void **state)
{
	struct pvb_p2m_info info = info_with(true, 0);
	struct p2m_view view = {.domain = &domain, .info = &info};
	const char *text = printed(render_p2m, &view);

	(void)state;
	assert_non_null(strstr(text, "the domain, of every frame"));
	assert_null(strstr(text, "MFN that is not the domain's"));
	assert_true(p2m_view_good(&view));
	info = info_with(false, 0);
	assert_null(strstr(printed(render_p2m, &view), "owner"));
	assert_true(p2m_view_good(&view));
}

static void the_owner_of_one_frame_is_told(void **state)
{
	struct pvb_p2m_path path = {
		.geometry = {.pfns = 512, .entry_size = 8, .page_size = 4096},
		.anchor = PVB_P2M_ANCHOR_START_INFO,
		.pfn = 5,
		.kind = PVB_P2M_ENTRY_FRAME,
		.entry = 0x1005,
		.m2p_known = true,
		.m2p_pfn = 5,
		.owner_known = true,
	};
	struct p2m_view view = {.domain = &domain, .walk = &path};

	(void)state;
	assert_non_null(strstr(printed(render_p2m_entry, &view), "NOT the domain"));
	assert_false(p2m_view_good(&view));
	path.owned = true;
	assert_null(strstr(printed(render_p2m_entry, &view), "NOT"));
	assert_true(p2m_view_good(&view));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_of_others_are_listed_and_no_good),
		cmocka_unit_test(frames_of_the_domain_are_good),
		cmocka_unit_test(the_owner_of_one_frame_is_told),
	};

	return cmocka_run_group_tests_name("p2m-view", tests, NULL, NULL);
}
