/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cfg-keys.h"

#include <stdbool.h>
#include <string.h>

static const char *const read_keys[] = {
	"builder",
	"cap",
	"cmdline",
	"cpu_weight",
	"cpus",
	"cpus_soft",
	"extra",
	"kernel",
	"max_event_channels",
	"max_grant_frames",
	"max_grant_version",
	"max_maptrack_frames",
	"maxmem",
	"maxvcpus",
	"memory",
	"name",
	"on_crash",
	"on_poweroff",
	"on_reboot",
	"on_soft_reset",
	"on_watchdog",
	"pool",
	"pvb_p2m",
	"ramdisk",
	"root",
	"type",
	"uuid",
	"vcpus",
	NULL,
};

/* What may be done with the domain later, how it is scheduled, and keys of HVM that xl ignores for
 * PV. */
static const char *const ignored_keys[] = {
	/* life */
	"nomigrate",
	"xend_suspend_evtchn_compat",
	/* what xenstored gives the domain, since Xen 4.21 */
	"xenstore_feature_mask",
	"xenstore_quota",
	/* schedulers that are not credit and credit2 */
	"extratime",
	"latency",
	"period",
	"slice",
	"vmtrace_buf_kb",
	/* HVM, PVH, Arm */
	"acpi",
	"acpi_firmware",
	"acpi_laptop_slate",
	"acpi_s3",
	"acpi_s4",
	"altp2m",
	"altp2m_count",
	"altp2mhvm",
	"apic",
	"arm_sci",
	"bios",
	"bios_path_override",
	"boot",
	"bootloader_restrict",
	"bootloader_user",
	"device_tree",
	"display",
	"firmware_override",
	"gfx_passthru",
	"gic_version",
	"hap",
	"hdtype",
	"hpet",
	"hvm_pirq",
	"keymap",
	"llc_colors",
	"mca_caps",
	"mmio_hole",
	"ms_vm_genid",
	"nestedhvm",
	"nographic",
	"nr_spis",
	"nx",
	"oos",
	"opengl",
	"pae",
	"rdm",
	"rdm_mem_boundary",
	"sdl",
	"serial",
	"shadow_memory",
	"smbios",
	"smbios_firmware",
	"soundhw",
	"spice",
	"spice_clipboard_sharing",
	"spice_image_compression",
	"spice_streaming_video",
	"spiceagent_mouse",
	"spicedisable_ticketing",
	"spicehost",
	"spicepasswd",
	"spiceport",
	"spicetls_port",
	"spiceusbredirection",
	"spicevdagent",
	"stdvga",
	"sve",
	"tee",
	"timer_mode",
	"trap_unmapped_accesses",
	"usb",
	"usbdevice",
	"usbversion",
	"vendor_device",
	"vga",
	"videoram",
	"viridian",
	"vkb_device",
	"vncdisplay",
	"vnclisten",
	"vncpasswd",
	"vncunused",
	"vncviewer",
	"vpt_align",
	"vuart",
	"xauthority",
	"xen_platform_pci",
	"xen_platform_pci_bar_uc",
	NULL,
};

static const char *const refused_keys[] = {
	/* devices */
	"channel",
	"disk",
	"dtdev",
	"iomem",
	"ioports",
	"irqs",
	"nic",
	"p9",
	"passthrough",
	"pci",
	"pvcalls",
	"usbctrl",
	"usbdev",
	"vdispl",
	"vfb",
	"vif",
	"vif2",
	"virtio",
	"vkb",
	"vnc", /* xl makes a vfb and a vkb of it */
	"vsnd",
	"vtpm",
	/* another kernel than the one named */
	"bootloader",
	"bootloader_args",
	"firmware",
	/* what the guest sees of the machine */
	"cpuid",
	"e820_host",
	"localtime",
	"msr_relaxed",
	"rtc_timeoffset",
	"tsc_mode",
	"vnuma",
	"vpmu",
	/* its rights */
	"dm_restrict",
	"driver_domain",
	"init_seclabel",
	"seclabel",
	NULL,
};

static const char *const refused_families[] = {"device_model", "stubdomain_", NULL};
static const char *const ignored_families[] = {"pvshim", "pci_", NULL};

static bool listed(const char *const *list, const char *key)
{
	for (; *list; list++)
		if (!strcmp(*list, key))
			return true;
	return false;
}

static bool of_family(const char *const *list, const char *key)
{
	for (; *list; list++)
		if (!strncmp(*list, key, strlen(*list)))
			return true;
	return false;
}

enum cfg_key_class cfg_key_class(const char *key)
{
	if (listed(read_keys, key))
		return CFG_KEY_READ;
	if (listed(refused_keys, key) || of_family(refused_families, key))
		return CFG_KEY_REFUSED;
	if (listed(ignored_keys, key) || of_family(ignored_families, key))
		return CFG_KEY_IGNORED;
	return CFG_KEY_UNKNOWN;
}

static bool begins_key(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool within_key(char c)
{
	return begins_key(c) || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

/* Past the string whose opening quote stands at "at". */
static size_t skip_string(const char *text, size_t size, size_t at)
{
	char quote = text[at++];

	while (at < size && text[at] != quote)
		at += text[at] == '\\' ? 2 : 1;
	return at < size ? at + 1 : size;
}

static size_t skip_comment(const char *text, size_t size, size_t at)
{
	while (at < size && text[at] != '\n')
		at++;
	return at;
}

size_t cfg_next_key(const char *text, size_t size, size_t *at, const char **key)
{
	size_t i = *at;

	while (i < size) {
		if (text[i] == '#') {
			i = skip_comment(text, size, i);
		} else if (text[i] == '"' || text[i] == '\'') {
			i = skip_string(text, size, i);
		} else if (begins_key(text[i])) {
			/* Values are strings, lists and numbers: a name can only be a key. */
			size_t start = i;

			while (i < size && within_key(text[i]))
				i++;
			*key = text + start;
			*at = i;
			return i - start;
		} else if (text[i] >= '0' && text[i] <= '9') {
			while (i < size && within_key(text[i]))
				i++;
		} else {
			i++;
		}
	}
	*at = size;
	return 0;
}
