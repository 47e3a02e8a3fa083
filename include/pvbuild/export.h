/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PVBUILD_EXPORT_H
#define PVBUILD_EXPORT_H

/* Marks what the shared library exports; everything else stays hidden. */
#if defined(__GNUC__)
#define PVB_API __attribute__((visibility("default")))
#else
#define PVB_API
#endif

#endif
