/* SPDX-License-Identifier: Apache-2.0 OR MIT OR GPL-2.0-only */
/* The processes of this host as binary records: an iterator over tasks (Documentation/bpf/bpf_iterators.rst), which
 * whoever reads it gets one `struct record` from for each process; and what tells of those that have ended. */
#include "kernel.h"
#include "record.h"
#include "task.h"
#include "memory.h"
#include "files.h"
#include "threads.h"
#include "exits.h"

/* The kernel keeps some helpers for programs under its own licence; this one may be used under either. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* One iterator is read at a time, and each record is copied out before the next one is made. */
static struct record record;

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
