/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "machine/report.h"

#include "base/kvm_compat.h"

void vcpu_report(const struct vcpu *self, FILE *out)
{
	const struct kvm_regs *r = &self->run->s.regs.regs;
	const struct kvm_sregs *s = &self->run->s.regs.sregs;
	const struct {
		const char *name;
		unsigned long long value;
	} shown[] = {
		{"rip", r->rip}, {"rsp", r->rsp},   {"rflags", r->rflags},
		{"rax", r->rax}, {"rbx", r->rbx},   {"rcx", r->rcx},
		{"rdx", r->rdx}, {"rsi", r->rsi},   {"rdi", r->rdi},
		{"rbp", r->rbp}, {"r8", r->r8},	    {"r9", r->r9},
		{"r10", r->r10}, {"r11", r->r11},   {"r12", r->r12},
		{"r13", r->r13}, {"r14", r->r14},   {"r15", r->r15},
		{"cr0", s->cr0}, {"cr2", s->cr2},   {"cr3", s->cr3},
		{"cr4", s->cr4}, {"efer", s->efer}, {"cs", s->cs.selector},
	};
	const size_t count = sizeof(shown) / sizeof(shown[0]);

	for (size_t i = 0; i < count; i++)
		fprintf(out, "%6s %016llx%s", shown[i].name, shown[i].value,
			i % 3 == 2 || i + 1 == count ? "\n" : "  ");
}
