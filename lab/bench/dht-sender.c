// Asks a DHT node for peers as fast as it answers: a window of open get_peers questions over one UDP socket.
// usage: dht-sender ADDRESS PORT OPEN_QUESTIONS SECONDS KEYS
// KEYS: how many different info hashes are asked for; 0 for a new random one each time.
// Prints: replies a second, mean bytes of a reply, questions that got no answer.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { batch = 64, longest = 2048 };

static const char head[] = "d1:ad2:id20:abcdefghij01234567899:info_hash20:";
static const char tail[] = "e1:q9:get_peers1:t2:aa1:y1:qe";
enum { hash_at = sizeof head - 1, question = sizeof head - 1 + 20 + sizeof tail - 1 };

static uint64_t state = 88172645463325252ull;
static uint64_t draw(void) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int count, char **words) {
  if (count < 6) return 2;
  const int window = atoi(words[3]);
  const double seconds = atof(words[4]);
  const unsigned keys = atoi(words[5]);
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  const int room = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(words[2]))};
  inet_pton(AF_INET, words[1], &to.sin_addr);
  if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) return 1;

  static char questions[batch][256], replies[batch][longest];
  static struct iovec out[batch], in[batch];
  static struct mmsghdr outs[batch], ins[batch];
  for (int i = 0; i < batch; i++) {
    memcpy(questions[i], head, hash_at);
    memcpy(questions[i] + hash_at + 20, tail, sizeof tail - 1);
    out[i] = (struct iovec){questions[i], question};
    in[i] = (struct iovec){replies[i], longest};
    outs[i].msg_hdr = (struct msghdr){.msg_iov = &out[i], .msg_iovlen = 1};
    ins[i].msg_hdr = (struct msghdr){.msg_iov = &in[i], .msg_iovlen = 1};
  }
  int open = 0;
  uint64_t answered = 0, bytes = 0, lost = 0;
  const double warm = now() + 1.0;
  const double end = warm + seconds;
  int is_warm = 0;
  for (double time = now(); time < end; time = now()) {
    if (!is_warm && time >= warm) {
      is_warm = 1;
      answered = bytes = lost = 0;
    }
    while (open < window) {
      int wanted = window - open < batch ? window - open : batch;
      for (int i = 0; i < wanted; i++) {
        uint64_t hash[3] = {keys ? draw() % keys : draw(), keys ? 7 : draw(), keys ? 7 : draw()};
        memcpy(questions[i] + hash_at, hash, 20);
      }
      int sent = sendmmsg(fd, outs, wanted, 0);
      if (sent <= 0) break;
      open += sent;
    }
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (poll(&wait, 1, 100) == 0) {
      lost += open;
      open = 0;
      continue;
    }
    int got = recvmmsg(fd, ins, batch, MSG_DONTWAIT, NULL);
    for (int i = 0; i < got; i++) {
      bytes += ins[i].msg_len;
      answered++;
    }
    if (got > 0) open = open > got ? open - got : 0;
  }
  printf("%.0f %.0f %llu\n", answered / seconds, answered ? (double)bytes / answered : 0.0, (unsigned long long)lost);
  return 0;
}
