/* A host that has everything: Linux by libc. It keeps an eye on the rings: memory of a ring that is given back before every
 * operation that was submitted has completed is counted. */
#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MAPS 3
#define RINGS 64

/* What is known of a ring. One that has no maps yet, or none any more, is not watched. */
struct watched {
    int32_t fd;
    int32_t index; /* as it is registered, or -1 */
    uint32_t tail_at;
    uint32_t submitted;
    void *maps[MAPS];
    const uint32_t *tail;
};

static struct watched rings[RINGS];
static uint32_t lock;
static uint64_t calls, early;

static void take(void) {
    while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) sched_yield();
}

static void leave(void) { __atomic_store_n(&lock, 0, __ATOMIC_RELEASE); }

static int64_t answer(int64_t value) {
    __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
    return value < 0 ? -(int64_t)errno : value;
}

static int64_t ring_setup(void *context, uint32_t entries, void *params) {
    (void)context;
    int64_t fd = answer(syscall(__NR_io_uring_setup, entries, params));
    if (fd < 0) return fd;
    take();
    for (int at = 0; at < RINGS; at++) {
        if (rings[at].fd == 0) {
            const struct io_uring_params *asked = params;
            rings[at] = (struct watched){.fd = (int32_t)fd, .index = -1, .tail_at = asked->cq_off.tail};
            break;
        }
    }
    leave();
    return fd;
}

static struct watched *by_number(int32_t number, int is_index) {
    for (int at = 0; at < RINGS; at++) {
        if (rings[at].fd && (is_index ? rings[at].index : rings[at].fd) == number) return &rings[at];
    }
    return NULL;
}

static int64_t ring_enter(void *context, int32_t ring, uint32_t submit, uint32_t complete, uint32_t flags,
                          const void *arg, uint64_t arg_len) {
    (void)context;
    int64_t taken = answer(syscall(__NR_io_uring_enter, ring, submit, complete, flags, arg, (size_t)arg_len));
    if (taken > 0) {
        take();
        struct watched *entered = by_number(ring, flags & IORING_ENTER_REGISTERED_RING);
        if (entered) entered->submitted += (uint32_t)taken;
        leave();
    }
    return taken;
}

/* IORING_REGISTER_RING_FDS, which older headers lack; its argument is an index, padding, and the descriptor. */
#define RING_FDS 20
struct ring_fd {
    uint32_t index, resv;
    uint64_t fd;
};

static int64_t ring_register(void *context, int32_t ring, uint32_t what, void *arg, uint32_t count) {
    (void)context;
    int64_t done = answer(syscall(__NR_io_uring_register, ring, what, arg, count));
    if (done == 1 && what == RING_FDS) {
        const struct ring_fd *update = arg;
        take();
        struct watched *entered = by_number((int32_t)update->fd, 0);
        if (entered) entered->index = (int32_t)update->index;
        leave();
    }
    return done;
}

static int64_t page_len(void *context) {
    (void)context;
    return answer(sysconf(_SC_PAGESIZE));
}

static int64_t mapping(void *at) { return answer(at == MAP_FAILED ? -1 : (int64_t)(intptr_t)at); }

/* Of bareio: 1 populates, 2 asks for reserved huge pages, 4 sets nothing aside. */
static int64_t map(void *context, uint64_t len, uint32_t flags) {
    (void)context;
    int kind = MAP_PRIVATE | MAP_ANONYMOUS;
    if (flags & 1) kind |= MAP_POPULATE;
    if (flags & 2) kind |= MAP_HUGETLB | 21 << MAP_HUGE_SHIFT;
    if (flags & 4) kind |= MAP_NORESERVE;
    return mapping(mmap(NULL, len, PROT_READ | PROT_WRITE, kind, -1, 0));
}

static int64_t map_ring(void *context, int32_t ring, uint64_t offset, uint64_t len) {
    (void)context;
    void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, (off_t)offset);
    int64_t result = mapping(at);
    if (result < 0) return result;
    take();
    struct watched *of = by_number(ring, 0);
    for (int slot = 0; of && slot < MAPS; slot++) {
        if (!of->maps[slot]) {
            of->maps[slot] = at;
            break;
        }
    }
    /* Both queues are in the first map, or the completions in one of their own. */
    if (of && (offset == IORING_OFF_CQ_RING || (offset == IORING_OFF_SQ_RING && !of->tail)))
        of->tail = (const uint32_t *)((const char *)at + of->tail_at);
    leave();
    return result;
}

static int64_t remap(void *context, void *at, uint64_t len, uint64_t new_len) {
    (void)context;
    return mapping(mremap(at, len, new_len, MREMAP_MAYMOVE));
}

/* Counts what goes too early: memory of a ring that still owes completions. */
static void look(void *at) {
    take();
    for (int ring = 0; ring < RINGS; ring++) {
        for (int slot = 0; slot < MAPS; slot++) {
            if (rings[ring].fd == 0 || rings[ring].maps[slot] != at) continue;
            if (rings[ring].submitted != __atomic_load_n(rings[ring].tail, __ATOMIC_ACQUIRE)) early++;
            /* Checked once: afterwards the tail may be gone. */
            rings[ring].fd = 0;
            break;
        }
    }
    leave();
}

static int64_t unmap(void *context, void *at, uint64_t len) {
    (void)context;
    look(at);
    return answer(munmap(at, len));
}

static int64_t advise(void *context, void *at, uint64_t len, uint32_t advice) {
    (void)context;
    return answer(madvise(at, len, (int)advice));
}

/* Of bareio: the bits from 1 on are read, write, create, exclusive, truncate, append, direct, dsync, sync, directory,
 * nonblock, nofollow and a file without a name. */
static int64_t open_at(void *context, int32_t dir, const char *path, uint32_t flags, uint32_t mode) {
    static const int bits[] = {0, 0, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_DIRECT, O_DSYNC, O_SYNC, O_DIRECTORY,
                               O_NONBLOCK, O_NOFOLLOW, O_TMPFILE};
    (void)context;
    int how = (flags & 2) ? (flags & 1 ? O_RDWR : O_WRONLY) : O_RDONLY;
    for (unsigned at = 0; at < sizeof bits / sizeof *bits; at++) {
        if (flags >> at & 1) how |= bits[at];
    }
    return answer(openat(dir, path, how | O_CLOEXEC, mode));
}

static int64_t close_file(void *context, int32_t file) {
    (void)context;
    return answer(close(file));
}

static int64_t read_at(void *context, int32_t file, void *to, uint64_t len, uint64_t offset) {
    (void)context;
    return answer(pread(file, to, len, (off_t)offset));
}

static int64_t write_at(void *context, int32_t file, const void *from, uint64_t len, uint64_t offset) {
    (void)context;
    return answer(pwrite(file, from, len, (off_t)offset));
}

static int64_t read_vectored(void *context, int32_t file, const void *pieces, uint64_t count, uint64_t offset,
                             uint32_t flags) {
    (void)context;
    /* Flags by the call itself: libc says ENOTSUP where there is none, and the table ENOSYS. */
    if (flags) return answer(syscall(__NR_preadv2, file, pieces, count, offset, 0L, flags));
    return answer(offset == UINT64_MAX ? readv(file, pieces, (int)count) : preadv(file, pieces, (int)count, (off_t)offset));
}

static int64_t write_vectored(void *context, int32_t file, const void *pieces, uint64_t count, uint64_t offset,
                              uint32_t flags) {
    (void)context;
    if (flags) return answer(syscall(__NR_pwritev2, file, pieces, count, offset, 0L, flags));
    return answer(offset == UINT64_MAX ? writev(file, pieces, (int)count)
                                       : pwritev(file, pieces, (int)count, (off_t)offset));
}

static int64_t sync_all(void *context, int32_t file) {
    (void)context;
    return answer(fsync(file));
}

static int64_t sync_data(void *context, int32_t file) {
    (void)context;
    return answer(fdatasync(file));
}

static int64_t sync_range(void *context, int32_t file, uint64_t offset, uint64_t len, uint32_t how) {
    (void)context;
    return answer(sync_file_range(file, (off_t)offset, (off_t)len, how));
}

static int64_t truncate_file(void *context, int32_t file, uint64_t len) {
    (void)context;
    return answer(ftruncate(file, (off_t)len));
}

static int64_t stat_file(void *context, int32_t dir, const char *path, uint32_t mask, void *stat) {
    (void)context;
    return answer(statx(dir, path, *path ? 0 : AT_EMPTY_PATH, mask, stat));
}

static int64_t advise_file(void *context, int32_t file, uint64_t offset, uint64_t len, uint32_t advice) {
    (void)context;
    return answer(-(int64_t)(errno = posix_fadvise(file, (off_t)offset, (off_t)len, (int)advice)));
}

static int64_t now(void *context) {
    (void)context;
    struct timespec time;
    int64_t done = answer(clock_gettime(CLOCK_MONOTONIC, &time));
    return done < 0 ? done : (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int64_t wait_for(void *context, uint32_t *word, uint32_t expected, int64_t nanoseconds) {
    (void)context;
    struct timespec time = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    const struct timespec *limit = nanoseconds < 0 ? NULL : &time;
    answer(syscall(__NR_futex, word, FUTEX_WAIT_PRIVATE, expected, limit, NULL, 0));
    return 0; /* the word alone tells why */
}

static int64_t wake(void *context, uint32_t *word, uint32_t count) {
    (void)context;
    return answer(syscall(__NR_futex, word, FUTEX_WAKE_PRIVATE, count > INT32_MAX ? INT32_MAX : count, NULL, NULL, 0));
}

static int64_t yield_now(void *context) {
    (void)context;
    return answer(sched_yield());
}

static int64_t process_id(void *context) {
    (void)context;
    return answer(getpid());
}

static const struct host whole = {
    NULL,      ring_setup, ring_enter,    ring_register,  page_len, map,       map_ring,   remap,         unmap,
    advise,    open_at,    close_file,    read_at,        write_at, read_vectored,         write_vectored, sync_all,
    sync_data, sync_range, truncate_file, stat_file,      advise_file,         now,        wait_for,      wake,
    yield_now, process_id,
};

const struct host *bareio_host_whole(void) { return &whole; }

uint64_t bareio_host_calls(void) { return __atomic_load_n(&calls, __ATOMIC_RELAXED); }

uint64_t bareio_host_early(void) {
    take();
    uint64_t seen = early;
    leave();
    return seen;
}
