/* SPDX-License-Identifier: Apache-2.0 OR MIT OR GPL-2.0-only */
/* The processes of this host as binary records: an iterator over tasks (Documentation/bpf/bpf_iterators.rst), which
 * whoever reads it gets one `struct record` from for each process. */
#include "kernel.h"
#include "record.h"
#include "memory.h"
#include "files.h"
#include "threads.h"

/* The kernel keeps some helpers for programs under its own licence; this one may be used under either. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* One iterator is read at a time, and each record is copied out before the next one is made. */
static struct record record;

inline_always void names(struct task_struct *task, struct record *record)
{
	record->size = sizeof(*record);
	record->pid = task->tgid;
	record->ppid = task->real_parent->tgid;
	record->uid = task->real_cred->euid.val;
	record->state = task->__state;
	record->exit_state = task->exit_state;
	record->flags = task->flags;
	bpf_probe_read_kernel(record->comm, sizeof(record->comm), &task->comm);
	record->start = task->start_boottime;
	record->execs = task->self_exec_id;
	struct css_set *css_set = task->cgroups;
	record->css_set = (__u64)css_set;
	record->cgroup = css_set->dfl_cgrp->kn->id;
}

inline_always void main_thread(struct task_struct *task, struct record *record)
{
	record->voluntary = task->nvcsw;
	record->involuntary = task->nivcsw;
	record->run_delay = task->sched_info.run_delay;
	struct task_delay_info *delays = task->delays;
	record->block_delay = delays ? delays->blkio_delay : 0;
}

SEC("iter/task")
int tasks(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	/* The last call has none. */
	if (!task || task->pid != task->tgid)
		return 0;
	names(task, &record);
	all_threads(task, &record);
	main_thread(task, &record);
	memory(task, &record);
	open_files(task, &record);
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}
