/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests and answers, as docs/misc/xenstore.txt of Xen describes them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "host/xen/xs-wire.h"

/* Numbers are sent in decimal. */
#define NUMBER_MAX 24

/* ---- parts of requests, and answers ---- */

/* With its terminator, or a value without one. */
static struct iovec part(const char *text)
{
	return (struct iovec){.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text) + 1};
}

static struct iovec bytes(const void *value, size_t length)
{
	return (struct iovec){.iov_base = (void *)(uintptr_t)value, .iov_len = length};
}

/* Where the answer says nothing but that it was done. */
static bool tell(struct xen_xs *xs, enum xsd_sockmsg_type type, xs_transaction_t transaction,
		 const struct iovec *parts, size_t count)
{
	struct xen_xs_body answer;

	if (!xen_xs_talk(xs, type, transaction, parts, count, &answer))
		return false;
	free(answer.bytes);
	return true;
}

static char *ask(struct xen_xs *xs, enum xsd_sockmsg_type type, xs_transaction_t transaction,
		 const char *text, unsigned *length)
{
	struct iovec parts[] = {part(text)};
	struct xen_xs_body answer;

	if (!xen_xs_talk(xs, type, transaction, parts, 1, &answer))
		return NULL;
	if (length)
		*length = answer.length;
	return answer.bytes;
}

/*
 * Texts one after the other, each with its terminator, as an array in one allocation. What follows
 * the last terminator is a text, too: the caller has put one behind it.
 */
static char **split(const char *texts, size_t length, unsigned *count)
{
	unsigned found = 0;

	for (const char *at = texts; at < texts + length; at += strlen(at) + 1)
		found++;

	/* The texts lie behind the pointers, in the room of so many more. */
	char **list = calloc(found + 1 + length / sizeof *list + 1, sizeof *list);
	if (!list)
		return NULL;

	char *copy = (char *)(list + found + 1);
	memcpy(copy, texts, length);
	for (unsigned i = 0; i < found; i++) {
		list[i] = copy;
		copy += strlen(copy) + 1;
	}
	*count = found;
	return list;
}

/* ---- reading ---- */

void *xen_xs_read(struct xen_xs *xs, xs_transaction_t transaction, const char *path,
		  unsigned *length)
{
	return ask(xs, XS_READ, transaction, path, length);
}

/* Names of a folder, as far as they have come. */
struct names {
	char *text;
	size_t length;
	char generation[NUMBER_MAX];
};

/* 1 at their end, 0 where there is more, -1 with errno. */
static int append_names(struct names *names, const char *more, size_t length)
{
	char *longer = realloc(names->text, names->length + length);

	if (!longer)
		return -1;
	memcpy(longer + names->length, more, length);
	names->text = longer;
	names->length += length;

	/* The empty name follows another one's terminator. */
	bool ends = names->length < 2 || !names->text[names->length - 2];
	if (ends && !names->text[names->length - 1])
		names->length--;
	return ends;
}

/*
 * A piece of them: the folder's generation, then names from an offset on, and at the end an empty
 * one. A folder that changed meanwhile is begun again.
 */
static int take_names(struct names *names, const struct xen_xs_body *piece)
{
	size_t skip = strlen(piece->bytes) + 1;

	if (names->length && strcmp(names->generation, piece->bytes) != 0) {
		names->length = 0;
		return 0;
	}
	(void)snprintf(names->generation, sizeof names->generation, "%s", piece->bytes);
	if (skip >= piece->length)
		return 1;
	return append_names(names, piece->bytes + skip, piece->length - skip);
}

static int add_names(struct xen_xs *xs, xs_transaction_t transaction, const char *path,
		     struct names *names)
{
	char offset[NUMBER_MAX];
	struct xen_xs_body piece;

	(void)snprintf(offset, sizeof offset, "%zu", names->length);

	struct iovec parts[] = {part(path), part(offset)};
	if (!xen_xs_talk(xs, XS_DIRECTORY_PART, transaction, parts, 2, &piece))
		return -1;

	int rc = take_names(names, &piece);
	free(piece.bytes);
	return rc;
}

/* A folder whose names do not fit into one message. */
static char **directory_in_parts(struct xen_xs *xs, xs_transaction_t transaction, const char *path,
				 unsigned *count)
{
	struct names names = {NULL, 0, ""};
	char **list = NULL;
	int rc;

	do
		rc = add_names(xs, transaction, path, &names);
	while (rc == 0);
	if (rc > 0)
		list = split(names.text, names.length, count);
	/* Before 4.9 nobody knows the request. */
	else if (errno == ENOSYS)
		errno = E2BIG;
	free(names.text);
	return list;
}

char **xen_xs_directory(struct xen_xs *xs, xs_transaction_t transaction, const char *path,
			unsigned *count)
{
	unsigned length;
	PVB_AUTO_FREE char *names = ask(xs, XS_DIRECTORY, transaction, path, &length);

	if (names)
		return split(names, length, count);
	return errno == E2BIG ? directory_in_parts(xs, transaction, path, count) : NULL;
}

/* ---- writing ---- */

bool xen_xs_write(struct xen_xs *xs, xs_transaction_t transaction, const char *path,
		  const void *value, unsigned length)
{
	struct iovec parts[] = {part(path), bytes(value, length)};

	return tell(xs, XS_WRITE, transaction, parts, 2);
}

bool xen_xs_rm(struct xen_xs *xs, xs_transaction_t transaction, const char *path)
{
	struct iovec parts[] = {part(path)};

	return tell(xs, XS_RM, transaction, parts, 1);
}

/* A letter for what may be done, and the domain's number. */
static void print_permission(const struct xs_permissions *permission, char text[NUMBER_MAX])
{
	static const char letters[] = {'n', 'r', 'w', 'b'};

	(void)snprintf(text, NUMBER_MAX, "%c%u",
		       letters[permission->perms & (XS_PERM_READ | XS_PERM_WRITE)], permission->id);
}

bool xen_xs_set_permissions(struct xen_xs *xs, xs_transaction_t transaction, const char *path,
			    const struct xs_permissions *permissions, unsigned count)
{
	char text[XEN_XS_MOST_PARTS - 1][NUMBER_MAX];
	struct iovec parts[XEN_XS_MOST_PARTS] = {part(path)};

	if (count > XEN_XS_MOST_PARTS - 1) {
		errno = EINVAL;
		return false;
	}
	for (unsigned i = 0; i < count; i++) {
		print_permission(&permissions[i], text[i]);
		parts[i + 1] = part(text[i]);
	}
	return tell(xs, XS_SET_PERMS, transaction, parts, count + 1);
}

xs_transaction_t xen_xs_transaction_start(struct xen_xs *xs)
{
	PVB_AUTO_FREE char *number = ask(xs, XS_TRANSACTION_START, XBT_NULL, "", NULL);

	return number ? (xs_transaction_t)strtoul(number, NULL, 10) : XBT_NULL;
}

bool xen_xs_transaction_end(struct xen_xs *xs, xs_transaction_t transaction, bool abandon)
{
	struct iovec parts[] = {part(abandon ? "F" : "T")};

	return tell(xs, XS_TRANSACTION_END, transaction, parts, 1);
}

/* ---- domains ---- */

bool xen_xs_introduce_domain(struct xen_xs *xs, unsigned domid, unsigned long frame, unsigned port)
{
	char text[3][NUMBER_MAX];

	(void)snprintf(text[0], sizeof text[0], "%u", domid);
	(void)snprintf(text[1], sizeof text[1], "%lu", frame);
	(void)snprintf(text[2], sizeof text[2], "%u", port);

	struct iovec parts[] = {part(text[0]), part(text[1]), part(text[2])};
	return tell(xs, XS_INTRODUCE, XBT_NULL, parts, 3);
}

bool xen_xs_release_domain(struct xen_xs *xs, unsigned domid)
{
	char text[NUMBER_MAX];

	(void)snprintf(text, sizeof text, "%u", domid);

	struct iovec parts[] = {part(text)};
	return tell(xs, XS_RELEASE, XBT_NULL, parts, 1);
}

bool xen_xs_is_domain_introduced(struct xen_xs *xs, unsigned domid)
{
	char text[NUMBER_MAX];

	(void)snprintf(text, sizeof text, "%u", domid);

	PVB_AUTO_FREE char *answer = ask(xs, XS_IS_DOMAIN_INTRODUCED, XBT_NULL, text, NULL);
	return answer && strcmp(answer, "T") == 0;
}

/* ---- watches ---- */

bool xen_xs_watch(struct xen_xs *xs, const char *path, const char *token)
{
	struct iovec parts[] = {part(path), part(token)};

	return tell(xs, XS_WATCH, XBT_NULL, parts, 2);
}

static char **take_event(struct xen_xs *xs, bool wait)
{
	struct xen_xs_body event;
	unsigned count;

	if (!xen_xs_take_event(xs, wait, &event))
		return NULL;

	char **texts = split(event.bytes, event.length, &count);

	free(event.bytes);
	if (texts && count <= XS_WATCH_TOKEN) {
		free(texts);
		errno = EPROTO;
		return NULL;
	}
	return texts;
}

char **xen_xs_check_watch(struct xen_xs *xs)
{
	return take_event(xs, false);
}

char **xen_xs_read_watch(struct xen_xs *xs)
{
	return take_event(xs, true);
}
