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

/* Of one thread: what lies close together in it is read at once, since each read is a call. */
enum { TIMES_BYTES = 192, ACCOUNTS_BYTES = 64 };
static char times[TIMES_BYTES] __attribute__((aligned(8)));
static char accounts[ACCOUNTS_BYTES] __attribute__((aligned(8)));

/* Adds a field of a task that the verifier knows nothing about, from a chunk that begins with another one. Where both are is known
 * when this is loaded; one that is elsewhere is read by itself. */
#define add(to, task, chunk, first, field)                                                          \
	do {                                                                                        \
		const __u64 within = offset_of(task_struct, field) - offset_of(task_struct, first); \
		__u64 value = 0;                                                                    \
		if (within <= sizeof(chunk) - sizeof(value))                                          \
			value = *(__u64 *)(chunk + within);                                         \
		else                                                                                \
			bpf_probe_read_kernel(&value, sizeof(value),                                \
					      (void *)(task) + offset_of(task_struct, field));       \
		(to) += value;                                                                      \
	} while (0)
#define add_time(to, task, field) add(to, task, times, thread_node, field)
#define add_account(to, task, field) add(to, task, accounts, ioac, field)

static long add_thread(__u32 index, void *context)
{
	__u64 place = sum.next;
	if (!place || place == sum.head)
		return 1;
	/* The list goes through `thread_node`. */
	if (bpf_probe_read_kernel(times, sizeof(times), (void *)place))
		return 1;
	sum.next = *(__u64 *)times;
	__u64 task = place - offset_of(task_struct, thread_node);
	add_time(sum.user, task, utime);
	add_time(sum.system, task, stime);
	add_time(sum.minor_faults, task, min_flt);
	add_time(sum.major_faults, task, maj_flt);
	add_time(sum.ran, task, se.sum_exec_runtime);
	bpf_probe_read_kernel(accounts, sizeof(accounts), (void *)task + offset_of(task_struct, ioac));
	add_account(sum.io.rchar, task, ioac.rchar);
	add_account(sum.io.wchar, task, ioac.wchar);
	add_account(sum.io.syscr, task, ioac.syscr);
	add_account(sum.io.syscw, task, ioac.syscw);
	add_account(sum.io.read_bytes, task, ioac.read_bytes);
	add_account(sum.io.write_bytes, task, ioac.write_bytes);
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
