/* The least that a program has to do to send a file from the page cache to a loopback socket: what
 * `highwater bench copy` is compared with. Prints one line of JSON.
 *
 * Usage: copy_baseline DIR WAY CHUNK RECEIVER SECONDS FILE_MIB SENDER_CORE RECEIVER_CORE
 * WAY: read-send, mmap-send, sendfile, splice, zerocopy. RECEIVER: copying, discarding.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MIB (1L << 20)
#define RECEIVE_BUFFER (128 << 10)

static void die(const char *what) {
    perror(what);
    exit(2);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void pin(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    if (sched_setaffinity(0, sizeof set, &set)) die("sched_setaffinity");
}

static double cpu_seconds(void) {
    struct rusage used;
    getrusage(RUSAGE_THREAD, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec +
           (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

struct receiver {
    int socket, flags, core;
    long bytes;
    double done_at;
};

static void *receive(void *argument) {
    struct receiver *r = argument;
    pin(r->core);
    char *buffer = malloc(RECEIVE_BUFFER);
    memset(buffer, 1, RECEIVE_BUFFER);
    for (;;) {
        ssize_t got = recv(r->socket, buffer, RECEIVE_BUFFER, r->flags);
        if (got < 0 && errno != EINTR) die("recv");
        if (got == 0) break;
        if (got > 0) r->bytes += got;
    }
    r->done_at = now();
    return NULL;
}

struct sender {
    int file, socket, core, pipe[2];
    const char *way;
    char *map, *buffer;
    long size, chunk, bytes, calls, zc_sends, zc_done;
    double seconds, started, cpu;
};

static void send_all(struct sender *s, const char *bytes, long length, int flags) {
    while (length > 0) {
        ssize_t moved = send(s->socket, bytes, length, MSG_NOSIGNAL | flags);
        s->calls++;
        if (moved < 0 && errno != EINTR && errno != ENOBUFS) die("send");
        if (moved < 0) continue;
        s->zc_sends++;
        s->bytes += moved, bytes += moved, length -= moved;
    }
}

static void notices(struct sender *s) {
    for (;;) {
        char control[128];
        struct msghdr header = {.msg_control = control, .msg_controllen = sizeof control};
        s->calls++;
        if (recvmsg(s->socket, &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
            if (errno == EAGAIN) return;
            die("recvmsg");
        }
        struct sock_extended_err *error = (void *)CMSG_DATA(CMSG_FIRSTHDR(&header));
        s->zc_done += error->ee_data - error->ee_info + 1;
    }
}

static void chunk(struct sender *s, long at, long length) {
    off_t offset = at;
    if (!strcmp(s->way, "read-send")) {
        ssize_t got = pread(s->file, s->buffer, length, at);
        s->calls++;
        if (got != length) die("pread");
        send_all(s, s->buffer, length, 0);
    } else if (!strcmp(s->way, "mmap-send")) {
        send_all(s, s->map + at, length, 0);
    } else if (!strcmp(s->way, "sendfile")) {
        while (offset < at + length) {
            ssize_t moved = sendfile(s->socket, s->file, &offset, at + length - offset);
            s->calls++;
            if (moved <= 0) die("sendfile");
            s->bytes += moved;
        }
    } else if (!strcmp(s->way, "splice")) {
        while (offset < at + length) {
            loff_t from = offset;
            ssize_t in = splice(s->file, &from, s->pipe[1], NULL, at + length - offset, SPLICE_F_MOVE);
            s->calls++;
            if (in <= 0) die("splice in");
            offset = from;
            while (in > 0) {
                ssize_t out = splice(s->pipe[0], NULL, s->socket, NULL, in, SPLICE_F_MOVE);
                s->calls++;
                if (out <= 0) die("splice out");
                in -= out, s->bytes += out;
            }
        }
    } else if (!strcmp(s->way, "zerocopy")) {
        send_all(s, s->map + at, length, MSG_ZEROCOPY);
        if (s->zc_sends % 16 == 0) notices(s);
    } else {
        fprintf(stderr, "unknown way %s\n", s->way);
        exit(2);
    }
}

static void *send_for(void *argument) {
    struct sender *s = argument;
    pin(s->core);
    if (!strcmp(s->way, "read-send")) {
        s->buffer = mmap(NULL, s->chunk, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        madvise(s->buffer, s->chunk, MADV_NOHUGEPAGE);
        memset(s->buffer, 1, s->chunk);
    }
    if (!strcmp(s->way, "splice")) {
        if (pipe2(s->pipe, O_CLOEXEC)) die("pipe2");
        fcntl(s->pipe[1], F_SETPIPE_SZ, (int)s->chunk);
    }
    double cpu = cpu_seconds();
    s->started = now();
    for (long at = 0; now() - s->started < s->seconds;) {
        long length = s->chunk < s->size - at ? s->chunk : s->size - at;
        chunk(s, at, length);
        at = (at + length) % s->size;
    }
    if (!strcmp(s->way, "zerocopy")) {
        notices(s);
        for (int i = 0; i < 100 && s->zc_done < s->zc_sends; i++) {
            struct pollfd polled = {.fd = s->socket};
            poll(&polled, 1, 20);
            s->calls++;
            notices(s);
        }
    }
    s->cpu = cpu_seconds() - cpu;
    shutdown(s->socket, SHUT_WR);
    return NULL;
}

/* An unnamed file of random bytes, written past the page cache, then read into it. */
static int make_file(const char *dir, long size) {
    int file = open(dir, O_TMPFILE | O_EXCL | O_RDWR, 0600);
    if (file < 0) die(dir);
    char again[64];
    snprintf(again, sizeof again, "/proc/self/fd/%d", file);
    int direct = open(again, O_RDWR | O_DIRECT);
    if (direct < 0) direct = file;
    char *block = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned long state = 88172645463325252UL;
    for (long at = 0; at < size; at += MIB) {
        for (long i = 0; i < MIB / 8; i++) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            ((unsigned long *)block)[i] = state;
        }
        if (pwrite(direct, block, MIB, at) != MIB) die("pwrite");
    }
    fsync(file);
    posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);
    for (long at = 0; at < size; at += MIB)
        if (pread(file, block, MIB, at) != MIB) die("pread");
    return file;
}

static void connect_pair(int *out, int *into) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (void *)&address, length) || listen(listener, 1)) die("listen");
    getsockname(listener, (void *)&address, &length);
    *out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(*out, (void *)&address, length)) die("connect");
    *into = accept(listener, NULL, NULL);
    close(listener);
}

int main(int count, char **arguments) {
    if (count != 9) {
        fprintf(stderr, "usage: copy_baseline DIR WAY CHUNK RECEIVER SECONDS FILE_MIB SENDER_CORE RECEIVER_CORE\n");
        return 2;
    }
    struct sender s = {.way = arguments[2], .chunk = atol(arguments[3]), .seconds = atof(arguments[5]),
                       .size = atol(arguments[6]) * MIB, .core = atoi(arguments[7])};
    s.file = make_file(arguments[1], s.size);
    s.map = mmap(NULL, s.size, PROT_READ, MAP_SHARED, s.file, 0);
    struct receiver r = {.core = atoi(arguments[8]),
                         .flags = strcmp(arguments[4], "discarding") ? 0 : MSG_TRUNC};
    connect_pair(&s.socket, &r.socket);
    int on = 1;
    if (!strcmp(s.way, "zerocopy") && setsockopt(s.socket, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof on))
        die("SO_ZEROCOPY");
    pthread_t sending, receiving;
    pthread_create(&receiving, NULL, receive, &r);
    pthread_create(&sending, NULL, send_for, &s);
    pthread_join(sending, NULL);
    pthread_join(receiving, NULL);
    double gib = s.bytes / (double)(1L << 30), seconds = r.done_at - s.started;
    printf("{\"gib_s\": %f, \"cpu_s_per_gib\": %f, \"calls_per_gib\": %f, \"bytes\": %ld, \"received\": %ld}\n",
           gib / seconds, s.cpu / gib, s.calls / gib, s.bytes, r.bytes);
    return s.bytes == r.bytes ? 0 : 2;
}
