/* Open files of a process: the bits that are set in the map of its table. */
#pragma once

#include "record.h"

enum { CHUNK_WORDS = 64, MAX_CHUNKS = 1 << 12 };

static struct {
	__u64 words[CHUNK_WORDS];
	unsigned long *map;
	__u32 left;
	__u32 open;
} counting;

inline_always __u32 bits(__u64 word)
{
	word -= word >> 1 & 0x5555555555555555ULL;
	word = (word & 0x3333333333333333ULL) + (word >> 2 & 0x3333333333333333ULL);
	word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return word * 0x0101010101010101ULL >> 56;
}

static long count_chunk(__u32 index, void *context)
{
	__u32 words = counting.left < CHUNK_WORDS ? counting.left : CHUNK_WORDS;
	__u32 open = 0;
	if (!words || bpf_probe_read_kernel(counting.words, words * sizeof(__u64), counting.map))
		return 1;
	for (__u32 word = 0; word < CHUNK_WORDS && word < words; word++)
		open += bits(counting.words[word]);
	counting.open += open;
	counting.left -= words;
	counting.map += CHUNK_WORDS;
	return 0;
}

inline_always void open_files(struct task_struct *task, struct record *record)
{
	struct files_struct *files = task->files;
	record->open_fds = 0;
	if (!files)
		return;
	struct fdtable *table = files->fdt;
	counting.map = table->open_fds;
	counting.left = table->max_fds / 64;
	counting.open = 0;
	if (counting.left <= CHUNK_WORDS)
		count_chunk(0, 0);
	else
		bpf_loop(MAX_CHUNKS, count_chunk, 0, 0);
	record->open_fds = counting.open;
}
