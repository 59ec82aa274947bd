/* What processes have sent and received, on each CPU by itself. */
#pragma once

#include "sockets.h"

/* Two directions, and the program that sees connections end. */
enum { SENT, RECEIVED, DIRECTIONS, ENDED = DIRECTIONS, PROGRAMS };
enum { TCP, UDP, PROTOCOLS };
enum { IPV4, IPV6, FAMILIES };
enum { BYTES, PACKETS, UNITS };
/* So many processes between two looks; ended ones are taken out by who looks. */
enum { MAX_PROCESSES = 1 << 16 };

/* A pid may be another one's later, so the start goes with it, in microseconds: short keys are found faster. */
enum { PID_BITS = 22, START_UNIT_BITS = 10 };

/* Each program adds to numbers of its own. The kernel runs none of them again on the same CPU before it is through, so nobody
 * comes in between, and no atomic operation is needed. */
struct traffic {
	__u64 by[PROGRAMS][DIRECTIONS][PROTOCOLS][FAMILIES][UNITS];
};

struct {
	int (*type)[BPF_MAP_TYPE_PERCPU_HASH];
	int (*max_entries)[MAX_PROCESSES];
	int (*map_flags)[BPF_F_NO_PREALLOC];
	__u64 *key;
	struct traffic *value;
} processes SEC(".maps");

/* How often one of these programs has counted, and how often it found no room for a process. */
enum { COUNTED, LOST, COSTS };

struct {
	int (*type)[BPF_MAP_TYPE_PERCPU_ARRAY];
	int (*max_entries)[COSTS];
	__u32 *key;
	__u64 *value;
} costs SEC(".maps");

/* Segments of a connection, sent in the lower half; those that are counted for a process already. */
struct {
	int (*type)[BPF_MAP_TYPE_SK_STORAGE];
	int (*map_flags)[BPF_F_NO_PREALLOC];
	int *key;
	__u64 *value;
} counted SEC(".maps");

static const struct traffic nothing;

inline_always void cost(__u32 which)
{
	__u64 *count = bpf_map_lookup_elem(&costs, &which);
	/* One that another program interrupts may be missing; this is no figure of anybody's traffic. */
	if (count)
		++*count;
}

/* What the process that runs has had so far. */
inline_always struct traffic *own(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 process = task->group_leader->start_boottime >> START_UNIT_BITS << PID_BITS | task->tgid;
	cost(COUNTED);
	struct traffic *traffic = bpf_map_lookup_elem(&processes, &process);
	if (!traffic) {
		bpf_map_update_elem(&processes, &process, &nothing, BPF_NOEXIST);
		traffic = bpf_map_lookup_elem(&processes, &process);
	}
	if (!traffic)
		cost(LOST);
	return traffic;
}

inline_always int family_of(struct sock *sk)
{
	if (sk->__sk_common.skc_family != AF_INET6 || !field_exists(sock_common, skc_v6_daddr))
		return IPV4;
	/* An address of IPv4 within one of IPv6: ::ffff:a.b.c.d. */
	struct in6_addr *address = &sk->__sk_common.skc_v6_daddr;
	__u32 *words = address->in6_u.u6_addr32;
	return words[0] == 0 && words[1] == 0 && words[2] == MAPPED ? IPV4 : IPV6;
}

/* A connection sends and receives segments whenever it can, for nobody: those since it was last looked at are the caller's. */
inline_always void count_tcp(struct sock *sk, int program, int bytes)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	__u64 now = tcp ? (__u64)tcp->segs_in << 32 | tcp->segs_out : 0;
	__u64 before = now;
	__u64 *known = tcp ? bpf_sk_storage_get(&counted, sk, 0, 0) : 0;
	if (known && *known != now)
		before = __sync_lock_test_and_set(known, now);
	else if (tcp && !known)
		/* It was connected before this was loaded. */
		bpf_sk_storage_get(&counted, sk, &now, BPF_SK_STORAGE_GET_F_CREATE);
	if (bytes <= 0 && before == now)
		return;
	struct traffic *traffic = own();
	if (!traffic)
		return;
	int family = family_of(sk);
	/* Two threads may be here at once: the later one may know less, and then takes something back. */
	__s32 sent = (__u32)now - (__u32)before, received = (now >> 32) - (before >> 32);
	if (bytes > 0)
		traffic->by[program][program][TCP][family][BYTES] += bytes;
	traffic->by[program][SENT][TCP][family][PACKETS] += (__s64)sent;
	traffic->by[program][RECEIVED][TCP][family][PACKETS] += (__s64)received;
}

/* A call that has sent or received so many bytes; fewer than none where it has not. */
inline_always void count(struct sock *sk, int program, int bytes)
{
	int family = sk->__sk_common.skc_family, type = sk->sk_type, protocol = sk->sk_protocol;
	if (family != AF_INET && family != AF_INET6)
		return;
	if (type == SOCK_STREAM && (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP)) {
		count_tcp(sk, program, bytes);
	} else if (bytes >= 0 && type == SOCK_DGRAM && (protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE)) {
		struct traffic *traffic = own();
		if (!traffic)
			return;
		__u64 *units = traffic->by[program][program][UDP][family_of(sk)];
		units[BYTES] += bytes;
		units[PACKETS]++;
	}
}
