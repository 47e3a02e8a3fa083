/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures as files. */
#include "picture.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <cairo-svg.h>
#include <cairo.h>

#include "auto.h"
#include "fault.h"
#include "picture-layout.h"
#include "picture-p2m.h"
#include "picture-paint.h"

#define STAGE "picture"
#define PNG_SCALE 2.0

static cairo_status_t take_bytes(void *stream, const unsigned char *bytes, unsigned length)
{
	return fwrite(bytes, 1, length, stream) == length ? CAIRO_STATUS_SUCCESS
							  : CAIRO_STATUS_WRITE_ERROR;
}

static bool ends_with(const char *path, const char *suffix)
{
	size_t length = strlen(path);
	size_t wanted = strlen(suffix);

	return length > wanted && !strcasecmp(path + length - wanted, suffix);
}

/* A page, and what puts something on it. */
struct sheet {
	double height;
	void (*paint)(cairo_t *cr, const void *subject);
	const void *subject;
};

/* The whole picture, as the bytes of a file. */
static cairo_status_t draw_to(FILE *stream, bool svg, const struct sheet *sheet)
{
	cairo_surface_t *surface =
		svg ? cairo_svg_surface_create_for_stream(take_bytes, stream, PICTURE_WIDTH,
							  sheet->height)
		    : cairo_image_surface_create(CAIRO_FORMAT_RGB24,
						 (int)(PICTURE_WIDTH * PNG_SCALE),
						 (int)(ceil(sheet->height) * PNG_SCALE));
	cairo_t *cr = cairo_create(surface);

	if (!svg)
		cairo_scale(cr, PNG_SCALE, PNG_SCALE);
	sheet->paint(cr, sheet->subject);

	cairo_status_t status = cairo_status(cr);

	cairo_destroy(cr);
	if (!status && !svg)
		status = cairo_surface_write_to_png_stream(surface, take_bytes, stream);
	cairo_surface_finish(surface);
	if (!status)
		status = cairo_surface_status(surface);
	cairo_surface_destroy(surface);
	return status;
}

static int save(const char *path, const char *bytes, size_t size, struct pvb_error *error)
{
	FILE *file = fopen(path, "we");
	int failure = file ? 0 : errno;

	if (file && fwrite(bytes, 1, size, file) != size)
		failure = errno;
	if (file && fclose(file) != 0 && !failure)
		failure = errno;
	if (!failure)
		return 0;
	if (file)
		(void)unlink(path);
	return fault(error, PVB_E_ARG_FILE, STAGE, "cannot write the picture %s: %s", path,
		     strerror(failure));
}

bool picture_available(void)
{
	return true;
}

int picture_check(const char *path, struct pvb_error *error)
{
	if (ends_with(path, ".svg") || ends_with(path, ".png"))
		return 0;
	return fault(error, PVB_E_ARG_USAGE, STAGE,
		     "a picture is drawn as .svg or .png, and %s is called neither", path);
}

static int draw(const char *path, const struct sheet *sheet, struct pvb_error *error)
{
	AUTO_FREE char *bytes = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&bytes, &size);

	if (!stream)
		return fault_memory(error, "the picture");

	cairo_status_t status = draw_to(stream, ends_with(path, ".svg"), sheet);
	bool whole = fclose(stream) == 0;

	if (status || !whole)
		return fault(error, PVB_E_ARG_NO_MEMORY, STAGE, "cannot draw the picture: %s",
			     status ? cairo_status_to_string(status) : strerror(errno));
	return save(path, bytes, size, error);
}

struct arranged {
	struct picture_layout layout;
	const struct pvb_plan_info *plan;
};

static void arranged_end(struct arranged *arranged)
{
	picture_layout_free(&arranged->layout);
}

static void paint_arranged(cairo_t *cr, const void *subject)
{
	const struct arranged *arranged = (const struct arranged *)subject;

	picture_paint(cr, &arranged->layout, arranged->plan);
}

int picture_draw(const char *path, const struct pvb_plan_info *plan, struct pvb_error *error)
{
	AUTO(arranged_end) struct arranged arranged = {.plan = plan};

	if (!picture_layout(&arranged.layout, plan, PICTURE_TOP))
		return fault_memory(error, "the picture");

	const struct sheet sheet = {
		.height = arranged.layout.bottom + PICTURE_FOOT,
		.paint = paint_arranged,
		.subject = &arranged,
	};

	return draw(path, &sheet, error);
}

static void paint_p2m(cairo_t *cr, const void *subject)
{
	picture_p2m_paint(cr, (const struct p2m_view *)subject);
}

int picture_draw_p2m(const char *path, const struct p2m_view *view, struct pvb_error *error)
{
	const struct sheet sheet = {
		.height = picture_p2m_height(view),
		.paint = paint_p2m,
		.subject = view,
	};

	return draw(path, &sheet, error);
}
