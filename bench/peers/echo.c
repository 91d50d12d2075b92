/*
 * The floor: receives up to 64 datagrams with one recvmmsg, sends them back as they are with one
 * sendmmsg. What this costs is the kernel's price for a query and a reply; a DNS server's own
 * work comes on top. Usage: echo PORT (on 127.0.0.1). Runs until it is killed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 64, SIZE = 1500 };

static char octets[BATCH][SIZE];
static struct sockaddr_in clients[BATCH];
static struct iovec vectors[BATCH];
static struct mmsghdr messages[BATCH];

int main(int argc, char **argv) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in here = {.sin_family = AF_INET};
  if (argc != 2) {
    fprintf(stderr, "usage: echo PORT\n");
    return 2;
  }
  here.sin_port = htons((unsigned short)atoi(argv[1]));
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof here) != 0) {
    perror("echo: cannot bind");
    return 1;
  }
  for (int i = 0; i < BATCH; i++) {
    vectors[i].iov_base = octets[i];
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    messages[i].msg_hdr.msg_name = &clients[i];
  }
  for (;;) {
    for (int i = 0; i < BATCH; i++) {
      vectors[i].iov_len = SIZE;
      messages[i].msg_hdr.msg_namelen = sizeof clients[i];
    }
    int received = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
    for (int i = 0; i < received; i++) vectors[i].iov_len = messages[i].msg_len;
    if (received > 0) sendmmsg(fd, messages, (unsigned)received, 0);
  }
}
