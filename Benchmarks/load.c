/* Posts batches of records over many connections for a time, and keeps a journal of the batches that were answered with 200.
 *
 *   load PORT CONNECTIONS BATCH SECONDS PREFIX JOURNAL
 *
 * The records of batch N are PREFIX-N-0 … PREFIX-N-(BATCH-1), a millisecond apart, as live traffic is. Prints: batches answered with
 * 200, other answers, seconds, and the 50th and 99th percentile of the time from sending to answer in microseconds. One thread; the
 * server has the other core. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct connection {
  int socket;
  char *request;
  size_t length, sent;
  char answer[65536];
  size_t received;
  long batch;
  double begun;
};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static const char *verdicts[] = {"safe", "safe", "safe", "unsafe", "error"};

static void compose(struct connection *c, const char *prefix, long batch, int size) {
  static char *body;
  if (!body) body = malloc(size * 200 + 1);
  size_t length = 0;
  for (int i = 0; i < size; i++) {
    long n = batch * size + i;
    length += sprintf(body + length, "{\"id\":\"%s-%ld-%d\",\"time\":\"2026-03-0%ldT%02ld:%02ld:%02ld.%03ldZ\",\"verdict\":\"%s\",\"language\":\"%s\",\"model\":\"guard\",\"latency_ms\":%ld}\n",
                      prefix, batch, i, 1 + n / 86400000 % 5, n / 3600000 % 24, n / 60000 % 60, n / 1000 % 60, n % 1000, verdicts[n % 5], n % 2 ? "en" : "zh", n % 900);
  }
  c->length = sprintf(c->request, "POST /v1/verdicts HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: %zu\r\n\r\n", length);
  memcpy(c->request + c->length, body, length);
  c->length += length;
  c->sent = c->received = 0;
  c->batch = batch;
  c->begun = now();
}

/* Sends what there is to send, and asks to be told of room for more only where it did not all go. */
static void send_more(int poll, struct connection *c, int was_waiting) {
  ssize_t sent = send(c->socket, c->request + c->sent, c->length - c->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent > 0) c->sent += sent;
  int is_waiting = c->sent < c->length;
  if (is_waiting == was_waiting) return;
  struct epoll_event event = {.events = is_waiting ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = c};
  epoll_ctl(poll, EPOLL_CTL_MOD, c->socket, &event);
}

int main(int count, char **arguments) {
  if (count != 7) return 64;
  int port = atoi(arguments[1]), connections = atoi(arguments[2]), size = atoi(arguments[3]);
  double seconds = atof(arguments[4]);
  const char *prefix = arguments[5];
  FILE *journal = fopen(arguments[6], "w");
  int poll = epoll_create1(0);
  struct connection *all = calloc(connections, sizeof *all);
  long next = 0, done = 0, refused = 0, capacity = 1 << 20;
  double *times = malloc(capacity * sizeof *times);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  for (int i = 0; i < connections; i++) {
    struct connection *c = &all[i];
    c->request = malloc(size * 200 + 512);
    c->socket = socket(AF_INET, SOCK_STREAM, 0);
    int one = 1;
    setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(c->socket, (struct sockaddr *)&address, sizeof address)) { perror("connect"); return 1; }
    compose(c, prefix, next++, size);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(poll, EPOLL_CTL_ADD, c->socket, &event);
    send_more(poll, c, 0);
  }
  double start = now();
  int open = connections;
  while (open > 0) {
    struct epoll_event events[256];
    int ready = epoll_wait(poll, events, 256, 1000);
    for (int e = 0; e < ready; e++) {
      struct connection *c = events[e].data.ptr;
      if (events[e].events & EPOLLOUT) send_more(poll, c, 1);
      if (!(events[e].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
      ssize_t got = recv(c->socket, c->answer + c->received, sizeof c->answer - 1 - c->received, MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) continue;
      if (got <= 0) { close(c->socket); open--; continue; }
      c->received += got;
      c->answer[c->received] = 0;
      char *end = strstr(c->answer, "\r\n\r\n"), *length = strcasestr(c->answer, "content-length:");
      if (!end || !length || c->received < (size_t)(end + 4 - c->answer) + atoi(length + 15)) continue;
      if (!strncmp(c->answer + 9, "200", 3)) {
        if (done == capacity) times = realloc(times, (capacity *= 2) * sizeof *times);
        times[done++] = now() - c->begun;
        fprintf(journal, "%ld\n", c->batch);
      } else refused++;
      if (now() - start > seconds) { close(c->socket); open--; continue; }
      compose(c, prefix, next++, size);
      send_more(poll, c, 0);
    }
  }
  double taken = now() - start;
  fclose(journal);
  qsort(times, done, sizeof *times, compare);
  printf("%ld %ld %.3f %.0f %.0f\n", done, refused, taken, done ? times[done / 2] * 1e6 : 0, done ? times[done * 99 / 100] * 1e6 : 0);
  return 0;
}
