/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keys of xl.cfg(5), and what a build makes of each. */
#ifndef PVB_TOOLS_CFG_KEYS_H
#define PVB_TOOLS_CFG_KEYS_H

#include <stddef.h>

enum cfg_key_class {
	CFG_KEY_READ,    /* we act on it */
	CFG_KEY_IGNORED, /* the domain is the same without it */
	CFG_KEY_REFUSED, /* without it, it would be another domain */
	CFG_KEY_UNKNOWN, /* xl does not have it either, up to Xen 4.22 */
};

enum cfg_key_class cfg_key_class(const char *key);

/*
 * The next key that is set in text, by the lexical rules of xl.cfg files: a name
 * with = or += behind it, outside strings, lists and comments. *at begins at 0.
 * Returns its length and sets *key, or returns 0 at the end. The text is known
 * to be well-formed, so that nothing else looks like a key.
 */
size_t cfg_next_key(const char *text, size_t size, size_t *at, const char **key);

#endif
