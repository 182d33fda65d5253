/* What somebody else does with the same kernel: files by libc, error numbers by its names, and rings by liburing. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* ---- libc ------------------------------------------------------------------------------------------------- */

static int64_t answer(int64_t value) { return value < 0 ? -(int64_t)errno : value; }

int64_t bareio_libc_open(int dir, const char *path, int flags, unsigned mode) { return answer(openat(dir, path, flags, mode)); }
int64_t bareio_libc_close(int fd) { return answer(close(fd)); }
int64_t bareio_libc_read(int fd, void *to, size_t len, int64_t at) { return answer(pread(fd, to, len, at)); }
int64_t bareio_libc_write(int fd, const void *from, size_t len, int64_t at) { return answer(pwrite(fd, from, len, at)); }
int64_t bareio_libc_readv(int fd, const struct iovec *list, int count, int64_t at) { return answer(preadv(fd, list, count, at)); }
int64_t bareio_libc_writev(int fd, const struct iovec *list, int count, int64_t at) { return answer(pwritev(fd, list, count, at)); }
int64_t bareio_libc_sync(int fd) { return answer(fsync(fd)); }
int64_t bareio_libc_sync_data(int fd) { return answer(fdatasync(fd)); }
int64_t bareio_libc_truncate(int fd, int64_t len) { return answer(ftruncate(fd, len)); }
int64_t bareio_libc_allocate(int fd, int how, int64_t at, int64_t len) { return answer(fallocate(fd, how, at, len)); }
int64_t bareio_libc_seek(int fd, int64_t at, int from) { return answer(lseek(fd, at, from)); }
int64_t bareio_libc_rename(int dir, const char *from, const char *to, unsigned flags) { return answer(renameat2(dir, from, dir, to, flags)); }
int64_t bareio_libc_unlink(int dir, const char *path, int flags) { return answer(unlinkat(dir, path, flags)); }
int64_t bareio_libc_mkdir(int dir, const char *path, unsigned mode) { return answer(mkdirat(dir, path, mode)); }
int64_t bareio_libc_ioctl(int fd, unsigned long request) { return answer(ioctl(fd, request, 0)); }

/* The size that libc sees, and the blocks of 512 bytes that it takes. */
int64_t bareio_libc_size(int fd, int64_t *blocks) {
    struct stat stat;
    if (fstat(fd, &stat) < 0) return -errno;
    *blocks = stat.st_blocks;
    return stat.st_size;
}

/* As in "ENOENT", or NULL. */
const char *bareio_libc_error_name(int error) {
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
    return strerrorname_np(error);
#else
    (void)error;
    return NULL;
#endif
}

/* Whether the above can tell. */
int bareio_libc_names_errors(void) { return bareio_libc_error_name(EPERM) != NULL; }

/* ---- liburing --------------------------------------------------------------------------------------------- */

/* Makes a ring; `other`, if it is not negative, is one whose workers it shares. Returns a negative error number, or 0. */
int bareio_theirs_make(struct io_uring **made, unsigned flags, int other) {
    struct io_uring_params params = {.flags = flags};
    struct io_uring *ring = malloc(sizeof *ring);
    if (!ring) return -ENOMEM;
    if (other >= 0) {
        params.flags |= IORING_SETUP_ATTACH_WQ;
        params.wq_fd = (unsigned)other;
    }
    int result = io_uring_queue_init_params(8, ring, &params);
    if (result < 0) {
        free(ring);
        return result;
    }
    *made = ring;
    return 0;
}

void bareio_theirs_free(struct io_uring *ring) {
    io_uring_queue_exit(ring);
    free(ring);
}

int bareio_theirs_fd(const struct io_uring *ring) { return ring->ring_fd; }

/* The next completion, within five seconds. */
int bareio_theirs_wait(struct io_uring *ring, uint64_t *user_data, int32_t *result, uint32_t *flags) {
    struct __kernel_timespec time = {.tv_sec = 5};
    struct io_uring_cqe *cqe;
    int waited = io_uring_wait_cqe_timeout(ring, &cqe, &time);
    if (waited < 0) return waited;
    *user_data = cqe->user_data;
    *result = cqe->res;
    *flags = cqe->flags;
    io_uring_cqe_seen(ring, cqe);
    return 0;
}

/* Submits the entry, and returns its result. */
static int run(struct io_uring *ring, struct io_uring_sqe *sqe, int worker) {
    uint64_t user_data;
    int32_t result;
    uint32_t flags;
    if (worker) sqe->flags |= IOSQE_ASYNC;
    sqe->user_data = 0x7e57;
    int done = io_uring_submit(ring);
    if (done < 0) return done;
    done = bareio_theirs_wait(ring, &user_data, &result, &flags);
    if (done < 0) return done;
    return user_data == 0x7e57 ? result : -EBADMSG;
}

int bareio_theirs_read(struct io_uring *ring, int fd, void *to, unsigned len, uint64_t at, int worker) {
    struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
    io_uring_prep_read(sqe, fd, to, len, at);
    return run(ring, sqe, worker);
}

int bareio_theirs_write(struct io_uring *ring, int fd, const void *from, unsigned len, uint64_t at, int worker) {
    struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
    io_uring_prep_write(sqe, fd, from, len, at);
    return run(ring, sqe, worker);
}

/* Posts a completion into the ring with the descriptor `to`. */
int bareio_theirs_post(struct io_uring *ring, int to, uint32_t result, uint64_t user_data) {
    struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
    io_uring_prep_msg_ring(sqe, to, result, user_data, 0);
    return run(ring, sqe, 0);
}

/* Gives the ring empty slots for files, and reads from one of them. */
int bareio_theirs_slots(struct io_uring *ring, unsigned count) { return io_uring_register_files_sparse(ring, count); }

int bareio_theirs_read_slot(struct io_uring *ring, int slot, void *to, unsigned len) {
    struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
    io_uring_prep_read(sqe, slot, to, len, 0);
    sqe->flags |= IOSQE_FIXED_FILE;
    return run(ring, sqe, 0);
}
