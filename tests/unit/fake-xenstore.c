/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-xenstore.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/xen/xs.h"

#define MOST_NODES 512
#define MOST_WATCHES 8
#define MOST_EVENTS 64
#define MOST_CONNECTIONS 8
#define MOST_DOMAINS 8
#define MOST_TRANSACTIONS 4

struct node {
	char path[160];
	char value[200];
	struct xs_permissions permissions[2];
	unsigned count;
};

struct table {
	struct node nodes[MOST_NODES];
	size_t count;
};

/* A transaction sees the store as it was, and is refused at its end if that has changed. */
struct xen_xs;

struct transaction {
	bool open;
	const struct xen_xs *owner;
	unsigned begun;
	struct table table;
};

struct xen_xs {
	bool open;
	int broken;
	char watches[MOST_WATCHES][2][160]; /* path, token */
	size_t watching;
	char events[MOST_EVENTS][2][160];
	size_t pending;
	int pipe[2];
};

static struct {
	pthread_mutex_t lock;
	struct table now;
	unsigned changes;
	struct transaction transactions[MOST_TRANSACTIONS];
	struct xen_xs connections[MOST_CONNECTIONS];
	unsigned calls, fail_nth, conflicts, released;
	int cause;
	bool broken; /* what failed once goes on failing */
	bool stopped;
	unsigned silent_from; /* the call that is not answered, and all after it; 0 for none */
	struct {
		unsigned domid, port;
		unsigned long frame;
	} domains[MOST_DOMAINS];
	size_t domain_count;
} store = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void __attribute__((noreturn)) full(const char *what)
{
	fprintf(stderr, "fake xenstore: no room for more %s\n", what);
	abort();
}

/* ---- the table ---- */

static struct node *find(struct table *table, const char *path)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->nodes[i].path, path) == 0)
			return &table->nodes[i];
	return NULL;
}

static bool is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return strncmp(path, folder, length) == 0 && (path[length] == '/' || !path[length]);
}

/* With its parents; who made none of the permissions has those of the parent. */
static struct node *make(struct table *table, const char *path)
{
	struct node *node = find(table, path);

	if (node)
		return node;

	char parent[160];
	snprintf(parent, sizeof parent, "%s", path);
	char *end = strrchr(parent, '/');
	*end = '\0';
	struct node copy = parent[0] ? *make(table, parent)
				     : (struct node){.permissions = {{.id = 0}}, .count = 1};
	if (table->count == MOST_NODES || strlen(path) >= sizeof copy.path)
		full("nodes");
	node = &table->nodes[table->count++];
	*node = copy;
	node->value[0] = '\0';
	snprintf(node->path, sizeof node->path, "%s", path);
	return node;
}

static void put(struct table *table, const char *path, const void *value, size_t length)
{
	struct node *node = make(table, path);

	if (length >= sizeof node->value)
		full("bytes");
	memcpy(node->value, value, length);
	node->value[length] = '\0';
}

static void queue(struct xen_xs *to, const char *path, const char *token)
{
	if (to->pending == MOST_EVENTS)
		full("events");
	snprintf(to->events[to->pending][0], sizeof to->events[0][0], "%s", path);
	snprintf(to->events[to->pending][1], sizeof to->events[0][1], "%s", token);
	if (to->pending++ == 0 && to->pipe[1] >= 0 && write(to->pipe[1], "x", 1) != 1)
		abort();
}

static void fire(const char *path)
{
	for (size_t i = 0; i < MOST_CONNECTIONS; i++) {
		struct xen_xs *to = &store.connections[i];

		for (size_t w = 0; to->open && w < to->watching; w++)
			if (is_below(path, to->watches[w][0]))
				queue(to, path, to->watches[w][1]);
	}
}

/* ---- for tests ---- */

void fake_store_reset(void)
{
	static const char *const folders[] = {"/local/domain/0", "/vm", "/libxl"};

	for (size_t i = 0; i < MOST_CONNECTIONS; i++)
		if (store.connections[i].open)
			xen_xs_close(&store.connections[i]);
	store.now.count = 0;
	for (size_t i = 0; i < MOST_TRANSACTIONS; i++)
		store.transactions[i].open = false;
	store.calls = store.fail_nth = store.conflicts = store.released = store.silent_from = 0;
	store.stopped = store.broken = false;
	store.domain_count = 0;
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
		put(&store.now, folders[i], "", 0);
	put(&store.now, "/local/domain/0/name", "Domain-0", 8);
}

static int by_path(const void *one, const void *other)
{
	return strcmp(((const struct node *)one)->path, ((const struct node *)other)->path);
}

char *fake_store_print(void)
{
	static const char letters[] = {'n', 'r', 'w', 'b'};
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	qsort(store.now.nodes, store.now.count, sizeof store.now.nodes[0], by_path);
	for (size_t i = 0; i < store.now.count; i++) {
		const struct node *node = &store.now.nodes[i];

		fprintf(to, "%s = \"%s\"   (", node->path, node->value);
		for (unsigned p = 0; p < node->count; p++)
			fprintf(to, "%s%c%u", p ? "," : "", letters[node->permissions[p].perms & 3],
				node->permissions[p].id);
		fprintf(to, ")\n");
	}
	fclose(to);
	return text;
}

void fake_store_put(const char *path, const char *value)
{
	pthread_mutex_lock(&store.lock);
	put(&store.now, path, value, strlen(value));
	store.changes++;
	fire(path);
	pthread_mutex_unlock(&store.lock);
}

bool fake_store_has(const char *path)
{
	return find(&store.now, path) != NULL;
}

unsigned fake_store_calls(void)
{
	return store.calls;
}

void fake_store_fail(unsigned nth, int cause)
{
	store.broken = false;
	store.fail_nth = nth ? store.calls + nth : 0;
	store.cause = cause;
}

void fake_store_break(unsigned nth, int cause)
{
	fake_store_fail(nth, cause);
	store.broken = true;
}

void fake_store_conflicts(unsigned commits)
{
	store.conflicts = commits;
}

void fake_store_silence(unsigned nth)
{
	store.silent_from = nth ? store.calls + nth : 0;
}

void fake_store_stop(bool stopped)
{
	store.stopped = stopped;
}

bool fake_store_introduced(unsigned domid, unsigned long *frame, unsigned *port)
{
	for (size_t i = 0; i < store.domain_count; i++) {
		if (store.domains[i].domid != domid)
			continue;
		*frame = store.domains[i].frame;
		*port = store.domains[i].port;
		return true;
	}
	return false;
}

unsigned fake_store_released(void)
{
	return store.released;
}

unsigned fake_store_connections(void)
{
	unsigned count = 0;

	for (size_t i = 0; i < MOST_CONNECTIONS; i++)
		count += store.connections[i].open;
	return count;
}

unsigned fake_store_transactions(void)
{
	unsigned count = 0;

	for (size_t i = 0; i < MOST_TRANSACTIONS; i++)
		count += store.transactions[i].open;
	return count;
}

void fake_store_fire(const char *special)
{
	pthread_mutex_lock(&store.lock);
	fire(special);
	pthread_mutex_unlock(&store.lock);
}

/* ---- the connection of host/xen/xs.h ---- */

/* Not answered in time: the connection is closed, and its transactions end. */
static void break_off(struct xen_xs *xs)
{
	for (size_t i = 0; i < MOST_TRANSACTIONS && xs; i++)
		if (store.transactions[i].owner == xs)
			store.transactions[i].open = false;
	if (xs)
		xs->broken = ETIMEDOUT;
	errno = ETIMEDOUT;
}

/* Locked from here to leave(); false where this call is the one that fails, with errno. */
static bool enter(struct xen_xs *xs)
{
	if (xs && xs->broken) {
		errno = xs->broken;
		return false;
	}
	pthread_mutex_lock(&store.lock);
	store.calls++;
	if (store.silent_from && store.calls >= store.silent_from) {
		break_off(xs);
		pthread_mutex_unlock(&store.lock);
		return false;
	}
	if (store.broken ? store.calls < store.fail_nth : store.calls != store.fail_nth)
		return true;
	errno = store.cause;
	pthread_mutex_unlock(&store.lock);
	return false;
}

static void leave(void)
{
	pthread_mutex_unlock(&store.lock);
}

static bool leave_with(int cause)
{
	leave();
	errno = cause;
	return cause == 0;
}

static struct table *table_of(xs_transaction_t transaction)
{
	return transaction == XBT_NULL ? &store.now : &store.transactions[transaction - 1].table;
}

/* What is written outside of a transaction is in the way of those that are open. */
static void note_change(xs_transaction_t transaction)
{
	if (transaction == XBT_NULL)
		store.changes++;
}

struct xen_xs *xen_xs_open(const char *path, const struct xen_xs_patience *patience)
{
	(void)path;
	(void)patience;
	if (store.stopped) {
		errno = ENOENT;
		return NULL;
	}
	if (!enter(NULL))
		return NULL;
	for (size_t i = 0; i < MOST_CONNECTIONS; i++) {
		struct xen_xs *handle = &store.connections[i];

		if (handle->open)
			continue;
		*handle = (struct xen_xs){.open = true, .pipe = {-1, -1}};
		leave();
		return handle;
	}
	full("connections");
}

void xen_xs_close(struct xen_xs *handle)
{
	if (!handle)
		return;
	pthread_mutex_lock(&store.lock);
	handle->open = false;
	for (int i = 0; i < 2; i++)
		if (handle->pipe[i] >= 0)
			close(handle->pipe[i]);
	leave();
}

char **xen_xs_directory(struct xen_xs *handle, xs_transaction_t transaction, const char *path,
			unsigned *count)
{
	struct table *table = table_of(transaction);
	size_t length = strlen(path);

	if (!enter(handle))
		return NULL;
	*count = 0;
	if (!find(table, path)) {
		leave_with(ENOENT);
		return NULL;
	}

	char **names = malloc(MOST_NODES * (sizeof *names + 160));
	char *text = (char *)(names + MOST_NODES);
	for (size_t i = 0; i < table->count; i++) {
		const char *child = table->nodes[i].path;

		if (strncmp(child, path, length) != 0 || child[length] != '/' ||
		    strchr(child + length + 1, '/'))
			continue;
		names[(*count)++] = text;
		text += snprintf(text, 160, "%s", child + length + 1) + 1;
	}
	leave();
	return names;
}

void *xen_xs_read(struct xen_xs *handle, xs_transaction_t transaction, const char *path,
		  unsigned *length)
{
	if (!enter(handle))
		return NULL;
	struct node *node = find(table_of(transaction), path);
	char *value = node ? strdup(node->value) : NULL;
	if (value && length)
		*length = (unsigned)strlen(value);
	leave_with(node ? 0 : ENOENT);
	return value;
}

bool xen_xs_write(struct xen_xs *handle, xs_transaction_t transaction, const char *path,
		  const void *value, unsigned length)
{
	if (!enter(handle))
		return false;
	put(table_of(transaction), path, value, length);
	note_change(transaction);
	if (transaction == XBT_NULL)
		fire(path);
	return leave_with(0);
}

bool xen_xs_rm(struct xen_xs *handle, xs_transaction_t transaction, const char *path)
{
	struct table *table = table_of(transaction);
	size_t kept = 0;

	if (!enter(handle))
		return false;
	if (!find(table, path))
		return leave_with(ENOENT);
	for (size_t i = 0; i < table->count; i++)
		if (!is_below(table->nodes[i].path, path))
			table->nodes[kept++] = table->nodes[i];
	table->count = kept;
	note_change(transaction);
	return leave_with(0);
}

bool xen_xs_set_permissions(struct xen_xs *handle, xs_transaction_t transaction, const char *path,
			    const struct xs_permissions *permissions, unsigned count)
{
	if (!enter(handle))
		return false;
	struct node *node = find(table_of(transaction), path);
	if (!node || count < 1 || count > 2)
		return leave_with(node ? EINVAL : ENOENT);
	memcpy(node->permissions, permissions, count * sizeof *permissions);
	node->count = count;
	note_change(transaction);
	return leave_with(0);
}

xs_transaction_t xen_xs_transaction_start(struct xen_xs *handle)
{
	if (!enter(handle))
		return XBT_NULL;
	for (unsigned i = 0; i < MOST_TRANSACTIONS; i++) {
		struct transaction *own = &store.transactions[i];

		if (own->open)
			continue;
		own->open = true;
		own->owner = handle;
		own->begun = store.changes;
		own->table = store.now;
		leave();
		return i + 1;
	}
	full("transactions");
}

bool xen_xs_transaction_end(struct xen_xs *handle, xs_transaction_t transaction, bool abandon)
{
	struct transaction *own = &store.transactions[transaction - 1];

	if (!enter(handle)) {
		own->open = false;
		return false;
	}
	own->open = false;
	if (abandon)
		return leave_with(0);
	if (store.conflicts) {
		store.conflicts--;
		return leave_with(EAGAIN);
	}
	if (own->begun != store.changes)
		return leave_with(EAGAIN);
	store.changes++;
	store.now = own->table;
	return leave_with(0);
}

bool xen_xs_introduce_domain(struct xen_xs *handle, unsigned domid, unsigned long frame,
			     unsigned port)
{
	if (!enter(handle))
		return false;
	if (store.domain_count == MOST_DOMAINS)
		full("domains");
	store.domains[store.domain_count].domid = domid;
	store.domains[store.domain_count].frame = frame;
	store.domains[store.domain_count++].port = port;
	fire("@introduceDomain");
	return leave_with(0);
}

bool xen_xs_release_domain(struct xen_xs *handle, unsigned domid)
{
	if (!enter(handle))
		return false;
	for (size_t i = 0; i < store.domain_count; i++)
		if (store.domains[i].domid == domid)
			store.domains[i] = store.domains[--store.domain_count];
	store.released++;
	fire("@releaseDomain");
	return leave_with(0);
}

bool xen_xs_is_domain_introduced(struct xen_xs *handle, unsigned domid)
{
	unsigned long frame;
	unsigned port;

	if (!enter(handle))
		return false;
	/* xenstored's own domain is from the start. */
	bool known = domid == 0 || fake_store_introduced(domid, &frame, &port);
	leave();
	return known;
}

bool xen_xs_watch(struct xen_xs *handle, const char *path, const char *token)
{
	if (!enter(handle))
		return false;
	if (handle->watching == MOST_WATCHES)
		full("watches");
	snprintf(handle->watches[handle->watching][0], sizeof handle->watches[0][0], "%s", path);
	snprintf(handle->watches[handle->watching++][1], sizeof handle->watches[0][1], "%s", token);
	queue(handle, path, token);
	return leave_with(0);
}

int xen_xs_fileno(struct xen_xs *handle)
{
	pthread_mutex_lock(&store.lock);
	if (handle->pipe[0] < 0) {
		if (pipe2(handle->pipe, O_CLOEXEC))
			abort();
		if (handle->pending && write(handle->pipe[1], "x", 1) != 1)
			abort();
	}
	leave();
	return handle->pipe[0];
}

char **xen_xs_check_watch(struct xen_xs *handle)
{
	char byte;

	if (!enter(handle))
		return NULL;
	if (!handle->pending) {
		leave_with(EAGAIN);
		return NULL;
	}

	char **event = malloc(2 * sizeof *event + sizeof handle->events[0]);
	memcpy(event + 2, handle->events[0], sizeof handle->events[0]);
	event[XS_WATCH_PATH] = (char *)(event + 2);
	event[XS_WATCH_TOKEN] = event[XS_WATCH_PATH] + sizeof handle->events[0][0];
	memmove(handle->events[0], handle->events[1], --handle->pending * sizeof handle->events[0]);
	if (!handle->pending && handle->pipe[0] >= 0 && read(handle->pipe[0], &byte, 1) != 1)
		abort();
	leave();
	return event;
}

/* Here everything that will come has come. */
char **xen_xs_read_watch(struct xen_xs *handle)
{
	return xen_xs_check_watch(handle);
}

bool xen_xs_wait_for_event(struct xen_xs *handle, int milliseconds)
{
	struct pollfd ready = {.fd = xen_xs_fileno(handle), .events = POLLIN};

	return poll(&ready, 1, milliseconds) > 0;
}

unsigned xen_xs_limit(const struct xen_xs *handle)
{
	(void)handle;
	return FAKE_STORE_LIMIT_S;
}

int xen_xs_broken(const struct xen_xs *handle)
{
	return handle->broken;
}
