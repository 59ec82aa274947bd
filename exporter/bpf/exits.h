/* Processes that end, told of twice. When the last thread begins to end: that is never missed, but the memory is still to be given
 * back then (since Linux 6.16), which takes CPU time. And when the kernel frees the main thread, the last of all: then nothing can be
 * added any more, and whoever waited for the process has been credited. That comes some milliseconds late (after a grace period of
 * RCU), in whatever context the kernel happens to be. */
#pragma once

#include "record.h"
#include "task.h"
#include "traffic.h"

/* Set by the loader, by the number of CPUs. */
enum { EXITS_BYTES = 1 << 20 };
/* An ended process has neither memory nor files: the rest of the record is not told, nor traffic where none was counted. */
enum {
	ENDED_BYTES = __builtin_offsetof(struct record, traffic),
	ENDED_BYTES_WITH_TRAFFIC = __builtin_offsetof(struct record, virtual_pages),
};
/* So many in a row wake the reader when the buffer is half full: several CPUs may pass the mark at once. */
enum { WAKING_RECORDS = 16 };

struct {
	int (*type)[BPF_MAP_TYPE_RINGBUF];
	int (*max_entries)[EXITS_BYTES];
} exits SEC(".maps");

/* How many found no room. */
struct {
	int (*type)[BPF_MAP_TYPE_ARRAY];
	int (*max_entries)[1];
	__u32 *key;
	__u64 *value;
} lost_exits SEC(".maps");

inline_always void count_lost(void)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&lost_exits, &zero);
	if (count)
		__sync_fetch_and_add(count, 1);
}

/* What threads that have been released have used. */
inline_always void sums(struct signal_struct *signal, struct record *record)
{
	record->user = signal->utime;
	record->system = signal->stime;
	record->ran = signal->sum_sched_runtime;
	record->told_user = signal->prev_cputime.utime;
	record->told_system = signal->prev_cputime.stime;
	record->children_user = signal->cutime;
	record->children_system = signal->cstime;
	record->minor_faults = signal->min_flt;
	record->major_faults = signal->maj_flt;
	record->children_minor_faults = signal->cmin_flt;
	record->children_major_faults = signal->cmaj_flt;
	record->io.rchar = signal->ioac.rchar;
	record->io.wchar = signal->ioac.wchar;
	record->io.syscr = signal->ioac.syscr;
	record->io.syscw = signal->ioac.syscw;
	record->io.read_bytes = signal->ioac.read_bytes;
	record->io.write_bytes = signal->ioac.write_bytes;
}

/* The reader comes when the processes are asked for; before that it is called only where the buffer could run over. */
inline_always __u64 whether_to_wake(void)
{
	__u64 filled = bpf_ringbuf_query(&exits, BPF_RB_AVAIL_DATA);
	__u64 half = bpf_ringbuf_query(&exits, BPF_RB_RING_SIZE) / 2;
	return filled >= half && filled < half + WAKING_RECORDS * ENDED_BYTES ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

inline_always void add_thread_of(struct task_struct *task, struct record *record)
{
	record->user += task->utime;
	record->system += task->stime;
	record->ran += task->se.sum_exec_runtime;
	record->minor_faults += task->min_flt;
	record->major_faults += task->maj_flt;
	record->io.rchar += task->ioac.rchar;
	record->io.wchar += task->ioac.wchar;
	record->io.syscr += task->ioac.syscr;
	record->io.syscw += task->ioac.syscw;
	record->io.read_bytes += task->ioac.read_bytes;
	record->io.write_bytes += task->ioac.write_bytes;
}

inline_always struct record *new_end(struct task_struct *leader)
{
	struct shares *shares = counted_of(leader);
	__u32 bytes = shares ? ENDED_BYTES_WITH_TRAFFIC : ENDED_BYTES;
	struct record *record = shares ? bpf_ringbuf_reserve(&exits, ENDED_BYTES_WITH_TRAFFIC, 0) :
					 bpf_ringbuf_reserve(&exits, ENDED_BYTES, 0);
	if (!record) {
		count_lost();
		return 0;
	}
	names(leader, record);
	record->size = bytes;
	if (shares)
		traffic(shares, &record->traffic);
	record->threads = record->torn = record->memory = 0;
	sums(leader->signal, record);
	main_thread(leader, record);
	return record;
}

/* A thread begins to end. Its `exit_state` is still 0. */
inline_always void tell_of_ending(struct task_struct *task)
{
	if (task->signal->live.counter)
		return;
	struct task_struct *leader = task->group_leader;
	struct record *record = new_end(leader);
	if (!record)
		return;
	record->exit_state = 0;
	add_thread_of(task, record);
	if (leader != task)
		add_thread_of(leader, record);
	bpf_ringbuf_submit(record, whether_to_wake());
}

/* A thread is freed. */
inline_always void tell_of_end(struct task_struct *task)
{
	/* Also false for a main thread that another one has replaced by its `exec`. */
	if (task->pid != task->tgid)
		return;
	struct record *record = new_end(task);
	if (!record)
		return;
	record->exit_state = EXIT_DEAD;
	bpf_ringbuf_submit(record, whether_to_wake());
}
