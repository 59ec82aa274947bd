/* SPDX-License-Identifier: Apache-2.0 OR MIT OR GPL-2.0-only */
/* The processes of this host as binary records: an iterator over tasks (Documentation/bpf/bpf_iterators.rst), which
 * whoever reads it gets one `struct record` from for each process; what tells of those that have ended; and what counts what they
 * send and receive. */
#include "kernel.h"
#include "record.h"
#include "task.h"
#include "memory.h"
#include "files.h"
#include "threads.h"
#include "exits.h"
#include "network.h"

/* The kernel keeps some helpers for programs under its own licence; this one may be used under either. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* One iterator is read at a time, and each record is copied out before the next one is made. */
static struct record record;

/* Asks for all that a record is made of at once: what is in no cache then comes side by side, not one after the other. That halves
 * what the program takes. */
static volatile __u64 touched;

inline_always void touch(struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	struct mm_struct *mm = task->mm;
	touched = task->__state + task->se.sum_exec_runtime + task->sched_info.run_delay + task->utime + task->nvcsw +
		  task->min_flt + task->comm[0] + task->self_exec_id + task->ioac.rchar + task->ioac.write_bytes +
		  task->real_cred->euid.val + task->real_parent->tgid + task->files->fdt->max_fds +
		  mm->total_vm + mm->stack_vm + signal->nr_threads + signal->stats_lock.seqcount.seqcount.sequence +
		  signal->utime + signal->cmaj_flt + signal->ioac.rchar + signal->sum_sched_runtime +
		  signal->rlim[RLIMIT_NOFILE].rlim_cur;
}

SEC("iter/task")
int tasks(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	/* The last call has none. */
	if (!task || task->pid != task->tgid)
		return 0;
	touch(task);
	names(task, &record);
	all_threads(task, &record);
	main_thread(task, &record);
	memory(task, &record);
	open_files(task, &record);
	traffic(counted_of(task), &record.traffic);
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}

SEC("tp_btf/sched_process_exit")
int ending(__u64 *context)
{
	tell_of_ending((void *)context[0]);
	return 0;
}

SEC("tp_btf/sched_process_free")
int freed(__u64 *context)
{
	tell_of_end((void *)context[0]);
	return 0;
}
