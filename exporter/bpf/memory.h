/* Memory of a process: `struct mm_struct`. */
#pragma once

#include "record.h"

enum { MAX_CPUS = 1024 };

/* Possible CPUs; set by the loader. */
const volatile __u32 cpus = 1;

/* One number for each CPU. Nothing is kept in it: where its elements are tells where each CPU has its own memory. */
struct {
	int (*type)[BPF_MAP_TYPE_PERCPU_ARRAY];
	int (*max_entries)[1];
	__u32 *key;
	__u64 *value;
} elements SEC(".maps");

/* The counters of one process as the kernel has them. */
enum { MAX_COUNTER_BYTES = 128 };
static char shared[MAX_COUNTER_BYTES * MM_COUNTERS + 256] __attribute__((aligned(8)));

/* The distance between a pointer to memory of each CPU and that of one CPU (`__per_cpu_offset`), once it is known. */
static __u64 distances[MAX_CPUS];
static volatile int measured;
/* The verifier forgets that what has been here is a pointer, and allows to count with it. */
static volatile __u64 address;

inline_always void measure(void)
{
	__u64 origin = 0;
	__u32 zero = 0;
	address = (__u64)&elements;
	bpf_probe_read_kernel(&origin, sizeof(origin), (void *)(address + offset_of(bpf_array, pptrs)));
	for (__u32 cpu = 0; cpu < cpus && cpu < MAX_CPUS; cpu++) {
		address = (__u64)bpf_map_lookup_percpu_elem(&elements, &zero, cpu);
		distances[cpu] = address - origin;
	}
	measured = 1;
}

/* Linux 6.2 and later: a shared number and what each CPU holds back of it. */
inline_always void resident_by_cpus(struct mm_struct *mm, struct record *record)
{
	/* All four at once; how long one is, and where in it the fields are, is known when this is loaded. */
	const __u32 bytes = size_of(percpu_counter);
	__u64 places[MM_COUNTERS];

	if (bytes > MAX_COUNTER_BYTES)
		return;
	bpf_probe_read_kernel(shared, bytes * MM_COUNTERS, (void *)mm + offset_of(mm_struct, rss_stat));
#pragma unroll
	for (int kind = 0; kind < MM_COUNTERS; kind++) {
		void *counter = shared + bytes * kind;
		record->resident[kind] = *(__s64 *)(counter + offset_of(percpu_counter, count));
		places[kind] = *(__u64 *)(counter + offset_of(percpu_counter, counters));
	}
	if (!measured)
		measure();
	/* Side by side where they were made at once, since Linux 6.6. */
	int together = 1;
#pragma unroll
	for (int kind = 1; kind < MM_COUNTERS; kind++)
		together &= places[kind] == places[0] + kind * sizeof(__s32);
	for (__u32 cpu = 0; cpu < cpus && cpu < MAX_CPUS; cpu++) {
		__s32 held[MM_COUNTERS] = {};
		if (together) {
			bpf_probe_read_kernel(held, sizeof(held), (void *)(places[0] + distances[cpu]));
		} else {
#pragma unroll
			for (int kind = 0; kind < MM_COUNTERS; kind++)
				bpf_probe_read_kernel(&held[kind], sizeof(held[kind]),
						      (void *)(places[kind] + distances[cpu]));
		}
#pragma unroll
		for (int kind = 0; kind < MM_COUNTERS; kind++)
			record->resident[kind] += held[kind];
	}
}

inline_always void memory(struct task_struct *task, struct record *record)
{
	struct mm_struct *mm = task->mm;
	/* A thread of the kernel may have borrowed somebody's. */
	record->memory = mm && !(task->flags & PF_KTHREAD);
	if (!record->memory) {
		record->virtual_pages = record->locked_pages = record->data_pages = record->stack_pages = 0;
#pragma unroll
		for (int kind = 0; kind < MM_COUNTERS; kind++)
			record->resident[kind] = 0;
		return;
	}
	record->virtual_pages = mm->total_vm;
	record->locked_pages = mm->locked_vm;
	record->data_pages = mm->data_vm;
	record->stack_pages = mm->stack_vm;
	if (type_exists(mm_rss_stat))
		bpf_probe_read_kernel(record->resident, sizeof(record->resident), (void *)mm + offset_of(mm_struct, rss_stat));
	else
		resident_by_cpus(mm, record);
}
