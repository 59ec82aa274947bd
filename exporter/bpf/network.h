/* What each process sends and receives over TCP and UDP, counted for who has called. The programs are loaded where somebody asks
 * for it. All calls that send or receive pass two tracepoints of the kernel, with what came of them, whatever the protocol. */
#pragma once

#include "sockets.h"
#include "traffic.h"

/* How often one of the programs has counted, and how often it found no room for a process. */
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
} segments SEC(".maps");

inline_always void cost(__u32 which)
{
	__u64 *count = bpf_map_lookup_elem(&costs, &which);
	/* One that another program interrupts may be missing; this is no figure of anybody's traffic. */
	if (count)
		++*count;
}

/* What the process that runs has had so far, this CPU's share of it. */
inline_always struct traffic *own(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct shares *shares =
		bpf_task_storage_get(&traffic_of, task->group_leader, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	cost(COUNTED);
	if (!shares) {
		cost(LOST);
		return 0;
	}
	return &shares->of[bpf_get_smp_processor_id() % SHARES];
}

inline_always void add_to(__u64 *count, __u64 more)
{
	/* Atomic operations are dear. */
	if (more)
		__sync_fetch_and_add(count, more);
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
inline_always void count_tcp(struct sock *sk, int direction, int bytes)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	__u64 now = tcp ? (__u64)tcp->segs_in << 32 | tcp->segs_out : 0;
	__u64 before = now;
	__u64 *known = tcp ? bpf_sk_storage_get(&segments, sk, 0, 0) : 0;
	if (known && *known != now)
		before = __sync_lock_test_and_set(known, now);
	else if (tcp && !known)
		/* It was connected before this was loaded. */
		bpf_sk_storage_get(&segments, sk, &now, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (bytes <= 0 && before == now)
		return;
	struct traffic *traffic = own();
	if (!traffic)
		return;
	int family = family_of(sk);
	/* Two threads may be here at once: the later one may know less, and then takes something back. */
	__s32 sent = (__u32)now - (__u32)before, received = (now >> 32) - (before >> 32);
	if (bytes > 0)
		add_to(&traffic->by[direction][TCP][family][BYTES], bytes);
	add_to(&traffic->by[SENT][TCP][family][PACKETS], sent);
	add_to(&traffic->by[RECEIVED][TCP][family][PACKETS], received);
}

/* A call that has sent or received so many bytes; fewer than none where it has not. */
inline_always void count(struct sock *sk, int direction, int bytes)
{
	int family = sk->__sk_common.skc_family, type = sk->sk_type, protocol = sk->sk_protocol;
	if (family != AF_INET && family != AF_INET6)
		return;
	if (type == SOCK_STREAM && (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP)) {
		count_tcp(sk, direction, bytes);
	} else if (bytes >= 0 && type == SOCK_DGRAM && (protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE)) {
		struct traffic *traffic = own();
		if (!traffic)
			return;
		__u64 *units = traffic->by[direction][UDP][family_of(sk)];
		add_to(&units[BYTES], bytes);
		add_to(&units[PACKETS], 1);
	}
}

/* The socket, the bytes that were sent or why none were. */
SEC("tp_btf/sock_send_length")
int sent(__u64 *context)
{
	count((void *)context[0], SENT, (int)context[1]);
	return 0;
}

/* The same, and the flags: who only looks has received nothing. */
SEC("tp_btf/sock_recv_length")
int received(__u64 *context)
{
	struct sock *sk = (void *)context[0];
	count(sk, RECEIVED, (int)context[2] & (MSG_PEEK | MSG_ERRQUEUE) ? -1 : (int)context[1]);
	return 0;
}

/* A connection begins: from here on its segments count. Or this end of it ends it, which only a process can. */
SEC("tp_btf/inet_sock_set_state")
int connection(__u64 *context)
{
	struct sock *sk = (void *)context[0];
	__u64 none = 0;
	int state = context[2];
	if (state == TCP_ESTABLISHED)
		bpf_sk_storage_get(&segments, sk, &none, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (state == TCP_FIN_WAIT1 || state == TCP_LAST_ACK)
		count(sk, SENT, -1);
	return 0;
}

/* A main thread ends while another one waits for that, to take the process over by its `exec`: what was counted goes with it.
 * (Where the main thread has ended by itself before, that is not seen.) */
SEC("tp_btf/sched_process_exit")
int replaced(__u64 *context)
{
	struct task_struct *leader = (void *)context[0];
	struct task_struct *heir = leader->signal->group_exec_task;
	if (!heir || leader->pid != leader->tgid || heir->pid == leader->pid)
		return 0;
	struct shares *shares = counted_of(leader);
	if (!shares)
		return 0;
	struct shares *to = bpf_task_storage_get(&traffic_of, heir, shares, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!to)
		cost(LOST);
	return 0;
}
