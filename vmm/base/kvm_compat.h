/* SPDX-License-Identifier: MIT */
/*
 * <linux/kvm.h>, and the parts of it that headers older than the running
 * kernel lack. Numbers are the kernel's ABI; whether the running kernel has a
 * thing is asked of it, never of the headers.
 */
#ifndef LABYRINTH_BASE_KVM_COMPAT_H
#define LABYRINTH_BASE_KVM_COMPAT_H

#include <linux/kvm.h>

/* Linux 6.11: fill second-stage tables ahead of the first touch. */
#if !HAVE_DECL_KVM_CAP_PRE_FAULT_MEMORY
#define KVM_CAP_PRE_FAULT_MEMORY 236
#endif
#if !HAVE_DECL_KVM_PRE_FAULT_MEMORY
#define KVM_PRE_FAULT_MEMORY _IOWR(KVMIO, 0xd5, struct kvm_pre_fault_memory)
struct kvm_pre_fault_memory {
	__u64 gpa;
	__u64 size;
	__u64 flags;
	__u64 padding[5];
};
#endif

/* Linux 5.14: what KVM counts, read from a descriptor. */
#ifndef KVM_GET_STATS_FD
#define KVM_CAP_BINARY_STATS_FD 203
#define KVM_GET_STATS_FD	_IO(KVMIO, 0xce)
struct kvm_stats_header {
	__u32 flags;
	__u32 name_size;
	__u32 num_desc;
	__u32 id_offset;
	__u32 desc_offset;
	__u32 data_offset;
};
struct kvm_stats_desc {
	__u32 flags;
	__s16 exponent;
	__u16 size;
	__u32 offset;
	__u32 bucket_size;
	char name[];
};
#endif

/* Linux 6.8: memory that is one VM's, in a file without a name. */
#ifndef KVM_CREATE_GUEST_MEMFD
#define KVM_CAP_GUEST_MEMFD    234
#define KVM_CREATE_GUEST_MEMFD _IOWR(KVMIO, 0xd4, struct kvm_create_guest_memfd)
struct kvm_create_guest_memfd {
	__u64 size;
	__u64 flags;
	__u64 reserved[6];
};
#endif

/* Linux 6.18: with these flags it can be mapped, where this cap says so. */
#ifndef GUEST_MEMFD_FLAG_MMAP
#define KVM_CAP_GUEST_MEMFD_FLAGS    244
#define GUEST_MEMFD_FLAG_MMAP	     (1ULL << 0)
#define GUEST_MEMFD_FLAG_INIT_SHARED (1ULL << 1)
#endif
#define KVM_MAPPABLE_FILE (GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED)

#endif
