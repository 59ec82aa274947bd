/* What is used of the kernel's types, declared by hand: the loader finds where each field is in the running kernel
 * (CO-RE), so that only names and types matter here, and no header of a kernel is needed to compile this. */
#pragma once

typedef unsigned char __u8;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;

#define SEC(name) __attribute__((section(name), used))
#define inline_always static inline __attribute__((always_inline))
#define type_exists(type) __builtin_preserve_type_info(*(struct type *)0, 0 /* BPF_TYPE_EXISTS */)
#define size_of(type) __builtin_preserve_type_info(*(struct type *)0, 1 /* BPF_TYPE_SIZE */)
#define field_exists(type, field) __builtin_preserve_field_info(((struct type *)0)->field, 2 /* BPF_FIELD_EXISTS */)
#define offset_of(type, field) __builtin_preserve_field_info(((struct type *)0)->field, 0 /* BPF_FIELD_BYTE_OFFSET */)

struct task_struct;
struct tcp_sock;

/* Helpers of the kernel, by their numbers (include/uapi/linux/bpf.h). */
static void *(*bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static __u32 (*bpf_get_smp_processor_id)(void) = (void *)8;
static void *(*bpf_sk_storage_get)(void *map, void *sock, void *value, __u64 flags) = (void *)107;
static long (*bpf_probe_read_kernel)(void *to, __u32 bytes, const void *from) = (void *)113;
static long (*bpf_seq_write)(void *seq, const void *from, __u32 bytes) = (void *)127;
static void *(*bpf_ringbuf_reserve)(void *map, __u64 bytes, __u64 flags) = (void *)131;
static void (*bpf_ringbuf_submit)(void *bytes, __u64 flags) = (void *)132;
static __u64 (*bpf_ringbuf_query)(void *map, __u64 what) = (void *)134;
static struct tcp_sock *(*bpf_skc_to_tcp_sock)(void *sock) = (void *)137;
static void *(*bpf_task_storage_get)(void *map, struct task_struct *task, void *value, __u64 flags) = (void *)156;
static struct task_struct *(*bpf_get_current_task_btf)(void) = (void *)158;
static long (*bpf_loop)(__u32 times, void *step, void *context, __u64 flags) = (void *)181;
static void *(*bpf_map_lookup_percpu_elem)(void *map, const void *key, __u32 cpu) = (void *)195;

enum { PF_KTHREAD = 0x00200000 };
enum { EXIT_DEAD = 0x10 };
enum {
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_SK_STORAGE = 24,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};
enum { BPF_F_NO_PREALLOC = 1, BPF_LOCAL_STORAGE_GET_F_CREATE = 1 };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2 };
enum { BPF_RB_AVAIL_DATA = 0, BPF_RB_RING_SIZE = 1 };
/* Kinds of resident pages (include/linux/mm_types_task.h). */
enum { MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS, MM_SHMEMPAGES, MM_COUNTERS };
enum { RLIMIT_NOFILE = 7 };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next;
};

struct sched_entity {
	__u64 sum_exec_runtime;
};

struct sched_info {
	unsigned long long run_delay;
};

struct task_delay_info {
	__u64 blkio_delay;
};

struct task_io_accounting {
	__u64 rchar;
	__u64 wchar;
	__u64 syscr;
	__u64 syscw;
	__u64 read_bytes;
	__u64 write_bytes;
};

typedef struct {
	__u32 val;
} kuid_t;

struct cred {
	kuid_t euid;
};

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct fdtable {
	unsigned int max_fds;
	unsigned long *open_fds;
};

struct files_struct {
	struct fdtable *fdt;
};

/* Since Linux 6.2. */
struct percpu_counter {
	__s64 count;
	__s32 *counters;
};

struct mm_struct {
	unsigned long total_vm;
	unsigned long locked_vm;
	unsigned long data_vm;
	unsigned long stack_vm;
	struct percpu_counter rss_stat[MM_COUNTERS];
};

/* Before Linux 6.2: what `rss_stat` then was. */
struct mm_rss_stat {
	__s64 count[MM_COUNTERS];
};

struct rlimit {
	unsigned long rlim_cur;
};

struct seqcount {
	unsigned int sequence;
};

struct seqcount_spinlock {
	struct seqcount seqcount;
};

typedef struct {
	struct seqcount_spinlock seqcount;
} seqlock_t;

struct prev_cputime {
	__u64 utime;
	__u64 stime;
};

typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live;
	int nr_threads;
	/* The thread that calls `exec` and takes the process over. */
	struct task_struct *group_exec_task;
	struct list_head thread_head;
	seqlock_t stats_lock;
	__u64 utime;
	__u64 stime;
	__u64 cutime;
	__u64 cstime;
	struct prev_cputime prev_cputime;
	unsigned long min_flt;
	unsigned long maj_flt;
	unsigned long cmin_flt;
	unsigned long cmaj_flt;
	struct task_io_accounting ioac;
	unsigned long long sum_sched_runtime;
	struct rlimit rlim[16];
};

struct task_struct {
	unsigned int __state;
	unsigned int flags;
	struct sched_entity se;
	struct sched_info sched_info;
	struct mm_struct *mm;
	int exit_state;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct list_head thread_node;
	__u64 utime;
	__u64 stime;
	unsigned long nvcsw;
	unsigned long nivcsw;
	__u64 start_boottime;
	unsigned long min_flt;
	unsigned long maj_flt;
	const struct cred *real_cred;
	char comm[16];
	struct files_struct *files;
	struct signal_struct *signal;
	__u64 self_exec_id;
	struct css_set *cgroups;
	struct task_delay_info *delays;
	struct task_io_accounting ioac;
};

struct bpf_array {
	void *pptrs[1];
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop
