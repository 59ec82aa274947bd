/* What processes have sent and received, beside the main thread of each: the kernel finds it from there, and frees it with it. */
#pragma once

#include "record.h"

/* CPUs share numbers of a process, by their own numbers: so that threads that send at once rarely write to the same memory. */
enum { SHARES = 8 };

struct shares {
	struct traffic of[SHARES];
};

struct {
	int (*type)[BPF_MAP_TYPE_TASK_STORAGE];
	int (*map_flags)[BPF_F_NO_PREALLOC];
	int *key;
	struct shares *value;
} traffic_of SEC(".maps");

/* That of a process; 0 where nothing was counted. */
inline_always struct shares *counted_of(struct task_struct *leader)
{
	return bpf_task_storage_get(&traffic_of, leader, 0, 0);
}

inline_always void traffic(struct shares *shares, struct traffic *sum)
{
	enum { NUMBERS = sizeof(struct traffic) / sizeof(__u64) };
	__u64 *to = (__u64 *)sum;
#pragma unroll
	for (int number = 0; number < NUMBERS; number++)
		to[number] = 0;
	if (!shares)
		return;
	for (int share = 0; share < SHARES; share++) {
		__u64 *from = (__u64 *)&shares->of[share];
#pragma unroll
		for (int number = 0; number < NUMBERS; number++)
			to[number] += from[number];
	}
}
