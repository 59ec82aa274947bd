/* What the main thread of a process tells of it. */
#pragma once

#include "record.h"

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
