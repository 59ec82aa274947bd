/* What all threads of a process have used, as `thread_group_cputime` of the kernel adds it up: that of ended ones is in
 * `struct signal_struct`, the others are in its list. */
#pragma once

#include "record.h"

enum { MAX_THREADS = 1 << 20, ATTEMPTS = 3 };

/* One sum is made at a time, like the record. */
static struct {
	/* Of the list of threads. */
	__u64 head;
	__u64 next;
	__u64 user;
	__u64 system;
	__u64 ran;
	__u64 minor_faults;
	__u64 major_faults;
	struct io io;
} sum;

/* Adds a field of a task that the verifier knows nothing about. */
#define add(to, task, field)                                                         \
	do {                                                                         \
		__u64 value = 0;                                                     \
		bpf_probe_read_kernel(&value, sizeof(value),                         \
				      (void *)(task) + offset_of(task_struct, field)); \
		(to) += value;                                                       \
	} while (0)

static long add_thread(__u32 index, void *context)
{
	__u64 place = sum.next;
	if (!place || place == sum.head)
		return 1;
	if (bpf_probe_read_kernel(&sum.next, sizeof(sum.next), (void *)place))
		return 1;
	__u64 task = place - offset_of(task_struct, thread_node);
	add(sum.user, task, utime);
	add(sum.system, task, stime);
	add(sum.ran, task, se.sum_exec_runtime);
	add(sum.minor_faults, task, min_flt);
	add(sum.major_faults, task, maj_flt);
	add(sum.io.rchar, task, ioac.rchar);
	add(sum.io.wchar, task, ioac.wchar);
	add(sum.io.syscr, task, ioac.syscr);
	add(sum.io.syscw, task, ioac.syscw);
	add(sum.io.read_bytes, task, ioac.read_bytes);
	add(sum.io.write_bytes, task, ioac.write_bytes);
	return 0;
}

/* Ended threads are in the sums of the process, and with them waited-for children as far as I/O goes. */
inline_always void add_ended(struct signal_struct *signal)
{
	sum.user = signal->utime;
	sum.system = signal->stime;
	sum.ran = signal->sum_sched_runtime;
	sum.minor_faults = signal->min_flt;
	sum.major_faults = signal->maj_flt;
	sum.io.rchar = signal->ioac.rchar;
	sum.io.wchar = signal->ioac.wchar;
	sum.io.syscr = signal->ioac.syscr;
	sum.io.syscw = signal->ioac.syscw;
	sum.io.read_bytes = signal->ioac.read_bytes;
	sum.io.write_bytes = signal->ioac.write_bytes;
}

inline_always void add_only(struct task_struct *task)
{
	sum.user += task->utime;
	sum.system += task->stime;
	sum.ran += task->se.sum_exec_runtime;
	sum.minor_faults += task->min_flt;
	sum.major_faults += task->maj_flt;
	sum.io.rchar += task->ioac.rchar;
	sum.io.wchar += task->ioac.wchar;
	sum.io.syscr += task->ioac.syscr;
	sum.io.syscw += task->ioac.syscw;
	sum.io.read_bytes += task->ioac.read_bytes;
	sum.io.write_bytes += task->ioac.write_bytes;
}

inline_always void all_threads(struct task_struct *task, struct record *record)
{
	struct signal_struct *signal = task->signal;
	record->torn = 1;
	for (int attempt = 0; attempt < ATTEMPTS && record->torn; attempt++) {
		__u32 before = signal->stats_lock.seqcount.seqcount.sequence;
		add_ended(signal);
		record->threads = signal->nr_threads;
		if (record->threads == 1) {
			add_only(task);
		} else if (record->threads > 1) {
			sum.head = (__u64)signal + offset_of(signal_struct, thread_head);
			sum.next = (__u64)signal->thread_head.next;
			bpf_loop(MAX_THREADS, add_thread, 0, 0);
		}
		__u32 after = signal->stats_lock.seqcount.seqcount.sequence;
		record->torn = before != after || before & 1;
	}
	record->user = sum.user;
	record->system = sum.system;
	record->ran = sum.ran;
	record->minor_faults = sum.minor_faults;
	record->major_faults = sum.major_faults;
	record->io = sum.io;
	record->told_user = signal->prev_cputime.utime;
	record->told_system = signal->prev_cputime.stime;
	record->children_user = signal->cutime;
	record->children_system = signal->cstime;
	record->children_minor_faults = signal->cmin_flt;
	record->children_major_faults = signal->cmaj_flt;
	record->fd_limit = signal->rlim[RLIMIT_NOFILE].rlim_cur;
}
