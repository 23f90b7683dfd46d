// Announces to a tracker as fast as it answers, as many different peers of many swarms, over UDP (BEP 15) or over HTTP
// connections that are kept.
// usage: announces-sender udp|http ADDRESS PORT OPEN SECONDS SWARMS PEERS_A_SWARM [FILL]
//        announces-sender list SWARMS     prints the info hashes that will be announced
// OPEN: questions under way: datagrams of one socket, or connections with one request each.
// FILL: first announce each peer once, and print how many seconds that took.
// Prints: answers a second, mean bytes of an answer, questions that got no answer or a refusal.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { batch = 32, longest = 8192, announce = 98 };

static uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

static void hash_of(uint32_t swarm, unsigned char *to) {
  uint64_t words[3] = {mix(swarm), mix(swarm + (1ull << 32)), mix(swarm + (2ull << 32))};
  memcpy(to, words, 20);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static uint32_t swarms, peers;
static uint64_t drawn, state = 88172645463325252ull, fill_left;
static uint32_t swarm, port;

/** The next peer: each in turn while filling, then at random. Three of ten are seeds. */
static void draw(void) {
  uint64_t n;
  if (fill_left > 0) {
    n = --fill_left;
  } else {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    n = state % ((uint64_t)swarms * peers);
  }
  drawn = n;
  swarm = n % swarms;
  port = 1024 + n / swarms;
}
static int is_seed(void) { return mix(drawn) % 10 < 3; }

static void put32(unsigned char *at, uint32_t value) {
  value = htonl(value);
  memcpy(at, &value, 4);
}

struct totals {
  uint64_t answered, bytes, lost;
};
static struct totals count;
static double warm, end, fill_started;
static int is_warm, is_filling;

/** False when the time is over. */
static int goes_on(void) {
  double time = now();
  if (is_filling) {
    if (fill_left > 0) return 1;
    is_filling = 0;
    printf("%.2f ", time - fill_started);
    end += time - warm + 1.0;
    warm = time + 1.0;
  }
  if (!is_warm && time >= warm) {
    is_warm = 1;
    count = (struct totals){0};
  }
  return time < end;
}

static int udp(struct sockaddr_in to, int window) {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  const int room = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) return 1;
  unsigned char hello[16] = {0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80, 0, 0, 0, 0, 1, 2, 3, 4}, id[16];
  double since = now();
  do {
    if (now() - since > 5.0) {
      fprintf(stderr, "the tracker does not answer\n");
      return 1;
    }
    send(fd, hello, 16, 0);
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    poll(&wait, 1, 200);
  } while (recv(fd, id, 16, MSG_DONTWAIT) != 16);

  static unsigned char questions[batch][announce], answers[batch][longest];
  static struct iovec out[batch], in[batch];
  static struct mmsghdr outs[batch], ins[batch];
  for (int i = 0; i < batch; i++) {
    memcpy(questions[i], id + 8, 8);
    put32(questions[i] + 8, 1);
    memcpy(questions[i] + 36, "-SH0001-abcdefghijkl", 20);
    put32(questions[i] + 92, 30);
    out[i] = (struct iovec){questions[i], announce};
    in[i] = (struct iovec){answers[i], longest};
    outs[i].msg_hdr = (struct msghdr){.msg_iov = &out[i], .msg_iovlen = 1};
    ins[i].msg_hdr = (struct msghdr){.msg_iov = &in[i], .msg_iovlen = 1};
  }
  int open = 0;
  double heard = now();
  while (goes_on()) {
    // In batches: a question at a time would cost this program more than its answer costs the tracker.
    while (open <= window - (batch < window / 2 ? batch : window / 2)) {
      int wanted = window - open < batch ? window - open : batch;
      if (is_filling && fill_left < (uint64_t)wanted) wanted = fill_left;
      if (wanted == 0) break;
      for (int i = 0; i < wanted; i++) {
        draw();
        hash_of(swarm, questions[i] + 16);
        put32(questions[i] + 68, is_seed() ? 0 : 1000000);
        questions[i][96] = port >> 8;
        questions[i][97] = port;
      }
      int sent = sendmmsg(fd, outs, wanted, 0);
      if (sent <= 0) break;
      open += sent;
    }
    // Never asleep: waking somebody up costs the one who sends, and would be counted as the tracker's.
    int got = recvmmsg(fd, ins, batch, MSG_DONTWAIT, NULL);
    if (got > 0) heard = now();
    else if (now() - heard > 0.2) {
      count.lost += open;
      open = 0;
      heard = now();
    }
    for (int i = 0; i < got; i++) {
      if (answers[i][3] == 1) {
        count.answered++;
        count.bytes += ins[i].msg_len;
      } else {
        count.lost++;
      }
    }
    if (got > 0) open = open > got ? open - got : 0;
  }
  return 0;
}

struct connection {
  int fd;
  size_t used;
  char answer[longest + 1];
};

static void ask(struct connection *one, const char *host) {
  static char text[1024];
  unsigned char hash[20];
  draw();
  hash_of(swarm, hash);
  char *to = text + sprintf(text, "GET /announce?info_hash=");
  for (int i = 0; i < 20; i++) to += sprintf(to, "%%%02X", hash[i]);
  to += sprintf(to,
                "&peer_id=-SH0001-abcdefghijkl&port=%u&uploaded=0&downloaded=0&left=%d&compact=1&numwant=30"
                " HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench/1.0\r\nConnection: keep-alive\r\n\r\n",
                port, is_seed() ? 0 : 1000000, host);
  one->used = 0;
  if (write(one->fd, text, to - text) != to - text) exit(1);
}

/** The length of the whole answer, 0 while it is not all there. */
static size_t whole(struct connection *one) {
  one->answer[one->used] = 0;
  char *head = strstr(one->answer, "\r\n\r\n");
  if (head == NULL) return 0;
  char *length = strcasestr(one->answer, "content-length:");
  if (length == NULL || length > head) {
    // Node's own server sends chunks where it was not told the length.
    char *last = memmem(head, one->used - (head - one->answer), "\r\n0\r\n\r\n", 7);
    return last == NULL ? 0 : one->used;
  }
  size_t all = head - one->answer + 4 + atoi(length + 15);
  return one->used >= all ? all : 0;
}

static int http(struct sockaddr_in to, int window, const char *host) {
  struct connection *all = calloc(window, sizeof *all);
  const int events = epoll_create1(0), yes = 1;
  for (int i = 0; i < window; i++) {
    all[i].fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(all[i].fd, (struct sockaddr *)&to, sizeof to) != 0) return 1;
    setsockopt(all[i].fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
    epoll_ctl(events, EPOLL_CTL_ADD, all[i].fd, &event);
    ask(&all[i], host);
  }
  while (goes_on()) {
    struct epoll_event ready[64];
    int got = epoll_wait(events, ready, 64, 200);
    for (int i = 0; i < got; i++) {
      struct connection *one = ready[i].data.ptr;
      ssize_t part = read(one->fd, one->answer + one->used, longest - one->used);
      if (part <= 0) {
        fprintf(stderr, "the tracker closed a connection\n");
        return 1;
      }
      one->used += part;
      if (whole(one) == 0) continue;
      if (strstr(one->answer, "failure reason") == NULL) count.answered++;
      else count.lost++;
      count.bytes += one->used;
      if (!is_filling || fill_left > 0) ask(one, host);
    }
  }
  return 0;
}

int main(int words, char **word) {
  if (words == 3 && strcmp(word[1], "list") == 0) {
    for (uint32_t i = 0; i < (uint32_t)atoi(word[2]); i++) {
      unsigned char hash[20];
      hash_of(i, hash);
      for (int at = 0; at < 20; at++) printf("%02x", hash[at]);
      printf("\n");
    }
    return 0;
  }
  if (words < 8) return 2;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(word[3]))};
  inet_pton(AF_INET, word[2], &to.sin_addr);
  const int window = atoi(word[4]);
  const double seconds = atof(word[5]);
  swarms = atoi(word[6]);
  peers = atoi(word[7]);
  fill_started = now();
  if (words > 8) {
    is_filling = 1;
    fill_left = (uint64_t)swarms * peers;
  }
  warm = fill_started + 1.0;
  end = warm + seconds;
  if ((strcmp(word[1], "udp") == 0 ? udp(to, window) : http(to, window, word[2])) != 0) return 1;
  printf("%.0f %.0f %llu\n", count.answered / seconds, count.answered ? (double)count.bytes / count.answered : 0.0,
         (unsigned long long)count.lost);
  return 0;
}
