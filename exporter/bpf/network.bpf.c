/* SPDX-License-Identifier: Apache-2.0 OR MIT OR GPL-2.0-only */
/* What each process sends and receives over TCP and UDP, counted for who has called. Loaded where somebody asks for it.
 * All calls that send or receive pass two tracepoints of the kernel, with what came of them, whatever the protocol. */
#include "kernel.h"
#include "sockets.h"
#include "traffic.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

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
		bpf_sk_storage_get(&counted, sk, &none, BPF_SK_STORAGE_GET_F_CREATE);
	if (state == TCP_FIN_WAIT1 || state == TCP_LAST_ACK)
		count(sk, ENDED, -1);
	return 0;
}
