/* What is told of one process. The same struct stands in exporter/src/source/bpf/record.rs. */
#pragma once

#include "kernel.h"

enum { SENT, RECEIVED, DIRECTIONS };
enum { TCP, UDP, PROTOCOLS };
enum { IPV4, IPV6, FAMILIES };
enum { BYTES, PACKETS, UNITS };

struct traffic {
	__u64 by[DIRECTIONS][PROTOCOLS][FAMILIES][UNITS];
};

struct io {
	__u64 rchar;
	__u64 wchar;
	__u64 syscr;
	__u64 syscw;
	__u64 read_bytes;
	__u64 write_bytes;
};

struct record {
	/* Of this struct: a reader of another version would misread the rest. */
	__u32 size;
	__u32 pid;
	__u32 ppid;
	__u32 uid;
	/* As the kernel has them: `__state`, `exit_state`, `flags` of the main thread. */
	__u32 state;
	__u32 exit_state;
	__u32 flags;
	__u32 threads;
	char comm[16];
	/* 1 where threads ended while they were being added up, each time it was tried. */
	__u32 torn;
	/* Whether it has memory of its own. */
	__u32 memory;
	/* After boot, nanoseconds. */
	__u64 start;
	/* How often it has called `exec`, and where in the cgroups it is. */
	__u64 execs;
	__u64 css_set;
	__u64 cgroup;
	/* Nanoseconds of all threads, ended ones too: by ticks, and on CPUs. */
	__u64 user;
	__u64 system;
	__u64 ran;
	/* What the kernel has last told of the two modes. */
	__u64 told_user;
	__u64 told_system;
	/* Of waited-for children. */
	__u64 children_user;
	__u64 children_system;
	__u64 minor_faults;
	__u64 major_faults;
	__u64 children_minor_faults;
	__u64 children_major_faults;
	struct io io;
	/* Of the main thread. */
	__u64 voluntary;
	__u64 involuntary;
	__u64 run_delay;
	__u64 block_delay;
	/* As far as it was counted. */
	struct traffic traffic;
	/* Pages. */
	__u64 virtual_pages;
	__u64 locked_pages;
	__u64 data_pages;
	__u64 stack_pages;
	__s64 resident[MM_COUNTERS];
	__u64 open_fds;
	__u64 fd_limit;
};
