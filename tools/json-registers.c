/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The "vcpus" of a guest that crashed. */
#include "json-build.h"

#include "registers.h"

static struct json_object *one(uint32_t vcpu, const struct pvb_registers *r)
{
	struct json_object *object = json_map();

	json_add_number(object, "vcpu", vcpu);
	json_add_number(object, "bits", r->bits);
	json_add_bool(object, "in_kernel", r->in_kernel);
#define ADD(name) json_add_hex(object, #name, r->name);
	/* clang-format off */
	ADD(rip) ADD(rflags) ADD(rsp) ADD(rbp)
	ADD(rax) ADD(rbx) ADD(rcx) ADD(rdx) ADD(rsi) ADD(rdi)
	ADD(r8) ADD(r9) ADD(r10) ADD(r11) ADD(r12) ADD(r13) ADD(r14) ADD(r15)
	ADD(cs) ADD(ss) ADD(ds) ADD(es) ADD(fs) ADD(gs)
	ADD(fs_base) ADD(gs_base_kernel) ADD(gs_base_user)
	ADD(cr0) ADD(cr2) ADD(cr3) ADD(cr4)
	/* clang-format on */
#undef ADD
					return object;
}

struct json_object *json_registers(struct pvb_host *host, uint32_t domid)
{
	struct json_object *array = json_array();
	struct pvb_registers registers;

	for (uint32_t vcpu = 0; registers_next(host, domid, &vcpu, &registers); vcpu++)
		json_append(array, one(vcpu, &registers));
	return array;
}
