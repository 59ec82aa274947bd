/* What is used of the kernel's sockets, declared by hand, like the rest (`kernel.h`). */
#pragma once

#include "kernel.h"

enum { MSG_PEEK = 2, MSG_ERRQUEUE = 0x2000 };
enum { AF_INET = 2, AF_INET6 = 10 };
enum { SOCK_STREAM = 1, SOCK_DGRAM = 2 };
enum { IPPROTO_TCP = 6, IPPROTO_UDP = 17, IPPROTO_UDPLITE = 136, IPPROTO_MPTCP = 262 };
enum { TCP_ESTABLISHED = 1, TCP_FIN_WAIT1 = 4, TCP_LAST_ACK = 9 };
/* The third word of an address of IPv4 within one of IPv6, as it stands on the wire. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define MAPPED 0xffff0000
#else
#define MAPPED 0x0000ffff
#endif

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct in6_addr {
	union {
		__u32 u6_addr32[4];
	} in6_u;
};

struct sock_common {
	unsigned short skc_family;
	struct in6_addr skc_v6_daddr;
};

struct sock {
	struct sock_common __sk_common;
	unsigned short sk_type;
	unsigned short sk_protocol;
};

struct tcp_sock {
	__u32 segs_in;
	__u32 segs_out;
};

#pragma clang attribute pop
