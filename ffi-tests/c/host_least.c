/* A host that grants almost nothing, as small unikernels do: a ring without features, options and registrations, which
 * carries operations out when it is entered, drops completions that find no room, refuses links, and knows neither a flush
 * nor a wait with an end. Its rings are laid out in an order of their own. */
#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u
#define FIRST_FD 100000
#define RINGS 16

struct ring {
    int used;
    uint32_t entries;
    char *sq, *cq;
    struct io_uring_sqe *sqes;
};

static struct ring rings[RINGS];

/* Where things are, unlike Linux: in bytes from the start of each queue. */
enum { SQ_FLAGS = 0, SQ_TAIL = 64, SQ_DROPPED = 128, SQ_HEAD = 192, SQ_MASK = 256, SQ_ENTRIES = 260, SQ_ARRAY = 512 };
enum { CQ_OVERFLOW = 0, CQ_HEAD = 64, CQ_MASK = 128, CQ_ENTRIES = 132, CQ_TAIL = 192, CQ_CQES = 1024 };

static uint32_t *word(char *queue, uint32_t at) { return (uint32_t *)(void *)(queue + at); }

static void *pages(uint64_t len) {
    uint64_t whole = (len + PAGE - 1) / PAGE * PAGE;
    void *at = aligned_alloc(PAGE, whole);
    if (at) memset(at, 0, whole);
    return at;
}

static int64_t ring_setup(void *context, uint32_t asked, void *argument) {
    struct io_uring_params *params = argument;
    uint32_t entries = 1;
    (void)context;
    if (params->flags || asked == 0 || asked > 1024) return -EINVAL;
    while (entries < asked) entries *= 2;
    for (int at = 0; at < RINGS; at++) {
        struct ring *ring = &rings[at];
        if (ring->used) continue;
        ring->entries = entries;
        ring->sq = pages(SQ_ARRAY + entries * sizeof(uint32_t));
        ring->cq = pages(CQ_CQES + 2 * entries * sizeof(struct io_uring_cqe));
        ring->sqes = pages(entries * sizeof(struct io_uring_sqe));
        if (!ring->sq || !ring->cq || !ring->sqes) return -ENOMEM;
        ring->used = 1;
        *word(ring->sq, SQ_MASK) = entries - 1;
        *word(ring->sq, SQ_ENTRIES) = entries;
        *word(ring->cq, CQ_MASK) = 2 * entries - 1;
        *word(ring->cq, CQ_ENTRIES) = 2 * entries;
        params->sq_entries = entries;
        params->cq_entries = 2 * entries;
        params->features = 0;
        params->sq_off = (struct io_sqring_offsets){.head = SQ_HEAD, .tail = SQ_TAIL, .ring_mask = SQ_MASK,
            .ring_entries = SQ_ENTRIES, .flags = SQ_FLAGS, .dropped = SQ_DROPPED, .array = SQ_ARRAY};
        params->cq_off = (struct io_cqring_offsets){.head = CQ_HEAD, .tail = CQ_TAIL, .ring_mask = CQ_MASK,
            .ring_entries = CQ_ENTRIES, .overflow = CQ_OVERFLOW, .cqes = CQ_CQES};
        return FIRST_FD + at;
    }
    return -EMFILE;
}

static struct ring *by_fd(int32_t fd) {
    int at = fd - FIRST_FD;
    return at >= 0 && at < RINGS && rings[at].used ? &rings[at] : NULL;
}

static int64_t carry_out(const struct io_uring_sqe *sqe) {
    int64_t moved;
    if (sqe->flags || sqe->rw_flags) return -EINVAL;
    switch (sqe->opcode) {
    case IORING_OP_NOP: return 0;
    case IORING_OP_READ: moved = pread(sqe->fd, (void *)(uintptr_t)sqe->addr, sqe->len, (off_t)sqe->off); break;
    case IORING_OP_WRITE: moved = pwrite(sqe->fd, (void *)(uintptr_t)sqe->addr, sqe->len, (off_t)sqe->off); break;
    case IORING_OP_READV: moved = preadv(sqe->fd, (void *)(uintptr_t)sqe->addr, (int)sqe->len, (off_t)sqe->off); break;
    case IORING_OP_WRITEV: moved = pwritev(sqe->fd, (void *)(uintptr_t)sqe->addr, (int)sqe->len, (off_t)sqe->off); break;
    default: return -EINVAL;
    }
    return moved < 0 ? -errno : moved;
}

static void complete(struct ring *ring, uint64_t user_data, int64_t result) {
    uint32_t head = __atomic_load_n(word(ring->cq, CQ_HEAD), __ATOMIC_ACQUIRE), tail = *word(ring->cq, CQ_TAIL);
    if (tail - head == 2 * ring->entries) {
        __atomic_add_fetch(word(ring->cq, CQ_OVERFLOW), 1, __ATOMIC_RELAXED);
        return;
    }
    struct io_uring_cqe *cqes = (void *)(ring->cq + CQ_CQES);
    struct io_uring_cqe *cqe = &cqes[tail & (2 * ring->entries - 1)];
    cqe->user_data = user_data;
    cqe->res = (int32_t)result;
    cqe->flags = 0;
    __atomic_store_n(word(ring->cq, CQ_TAIL), tail + 1, __ATOMIC_RELEASE);
}

static int64_t ring_enter(void *context, int32_t fd, uint32_t submit, uint32_t want, uint32_t flags, const void *arg,
                          uint64_t arg_len) {
    struct ring *ring = by_fd(fd);
    (void)context, (void)want, (void)arg_len;
    if (!ring) return -EBADF;
    if (flags & ~IORING_ENTER_GETEVENTS || arg) return -EINVAL;
    uint32_t head = *word(ring->sq, SQ_HEAD), tail = __atomic_load_n(word(ring->sq, SQ_TAIL), __ATOMIC_ACQUIRE), taken = 0;
    for (; taken < submit && head != tail; taken++, head++) {
        uint32_t index = *word(ring->sq, SQ_ARRAY + 4 * (head & (ring->entries - 1)));
        if (index >= ring->entries) {
            ++*word(ring->sq, SQ_DROPPED);
            continue;
        }
        struct io_uring_sqe sqe = ring->sqes[index];
        complete(ring, sqe.user_data, carry_out(&sqe));
    }
    __atomic_store_n(word(ring->sq, SQ_HEAD), head, __ATOMIC_RELEASE);
    return taken;
}

static int64_t map_ring(void *context, int32_t fd, uint64_t offset, uint64_t len) {
    struct ring *ring = by_fd(fd);
    (void)context, (void)len;
    if (!ring) return -EBADF;
    switch (offset) {
    case IORING_OFF_SQ_RING: return (int64_t)(intptr_t)ring->sq;
    case IORING_OFF_CQ_RING: return (int64_t)(intptr_t)ring->cq;
    case IORING_OFF_SQES: return (int64_t)(intptr_t)ring->sqes;
    default: return -EINVAL;
    }
}

static int64_t page_len(void *context) {
    (void)context;
    return PAGE;
}

static int64_t map(void *context, uint64_t len, uint32_t flags) {
    (void)context;
    void *at = flags & 2 ? NULL : pages(len); /* no huge pages are reserved */
    return at ? (int64_t)(intptr_t)at : -ENOMEM;
}

static int64_t unmap(void *context, void *at, uint64_t len) {
    (void)context, (void)len;
    /* A ring's memory is the ring's, until that is closed. */
    for (int ring = 0; ring < RINGS; ring++) {
        if (rings[ring].used && (at == rings[ring].sq || at == rings[ring].cq || at == (void *)rings[ring].sqes)) return 0;
    }
    free(at);
    return 0;
}

static int64_t close_file(void *context, int32_t fd) {
    struct ring *ring = by_fd(fd);
    (void)context;
    if (!ring) return close(fd) < 0 ? -errno : 0;
    free(ring->sq), free(ring->cq), free(ring->sqes);
    *ring = (struct ring){0};
    return 0;
}

static int64_t read_at(void *context, int32_t file, void *to, uint64_t len, uint64_t offset) {
    (void)context;
    int64_t moved = pread(file, to, len, (off_t)offset);
    return moved < 0 ? -errno : moved;
}

static int64_t write_at(void *context, int32_t file, const void *from, uint64_t len, uint64_t offset) {
    (void)context;
    int64_t moved = pwrite(file, from, len, (off_t)offset);
    return moved < 0 ? -errno : moved;
}

static int64_t sync_all(void *context, int32_t file) {
    (void)context;
    return fsync(file) < 0 ? -errno : 0;
}

static int64_t now(void *context) {
    struct timespec time;
    (void)context;
    if (clock_gettime(CLOCK_MONOTONIC, &time) < 0) return -errno;
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static const struct host least = {
    .ring_setup = ring_setup, .ring_enter = ring_enter, .map_ring = map_ring, .page_len = page_len, .map = map,
    .unmap = unmap, .close = close_file, .read_at = read_at, .write_at = write_at, .sync_all = sync_all, .now = now,
};

const struct host *bareio_host_least(void) { return &least; }
