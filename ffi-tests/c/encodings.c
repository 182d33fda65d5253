/*
 * liburing's io_uring_prep_* are inline functions; here each is one that Rust can call. Every wrapper fills in the
 * entry that it is given and returns 1, or returns 0 and leaves it alone where the installed liburing is too old.
 * The releases named below are the first that surely have a function.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/wait.h>
#include <liburing.h>

#if defined(IO_URING_VERSION_MAJOR)
#define LIBURING_SINCE(minor) \
	(IO_URING_VERSION_MAJOR > 2 || (IO_URING_VERSION_MAJOR == 2 && IO_URING_VERSION_MINOR >= (minor)))
#else
#define LIBURING_SINCE(minor) 0 /* 2.3 or older, which do not say */
#endif

typedef struct io_uring_sqe entry;
typedef unsigned long long u64;

/* The release, or 0 for one that does not say. */
unsigned bareio_liburing(void)
{
#if defined(IO_URING_VERSION_MAJOR)
	return IO_URING_VERSION_MAJOR * 100 + IO_URING_VERSION_MINOR;
#else
	return 0;
#endif
}

#define PREP(name, parameters, ...) \
	int bareio_##name parameters { __VA_ARGS__; return 1; }

PREP(data, (entry *e, u64 data), io_uring_sqe_set_data64(e, data))
PREP(flags, (entry *e, unsigned flags), io_uring_sqe_set_flags(e, flags))

/* By itself, and ended. */
PREP(nop, (entry *e), io_uring_prep_nop(e))
PREP(cancel, (entry *e, u64 data, int flags), io_uring_prep_cancel64(e, data, flags))
PREP(cancel_fd, (entry *e, int fd, unsigned flags), io_uring_prep_cancel_fd(e, fd, flags))

/* Files. */
PREP(read, (entry *e, int fd, void *buf, unsigned len, u64 at), io_uring_prep_read(e, fd, buf, len, at))
PREP(write, (entry *e, int fd, void *buf, unsigned len, u64 at), io_uring_prep_write(e, fd, buf, len, at))
PREP(read_fixed, (entry *e, int fd, void *buf, unsigned len, u64 at, int index),
     io_uring_prep_read_fixed(e, fd, buf, len, at, index))
PREP(write_fixed, (entry *e, int fd, void *buf, unsigned len, u64 at, int index),
     io_uring_prep_write_fixed(e, fd, buf, len, at, index))
PREP(readv, (entry *e, int fd, void *iovecs, unsigned count, u64 at),
     io_uring_prep_readv(e, fd, iovecs, count, at))
PREP(writev, (entry *e, int fd, void *iovecs, unsigned count, u64 at),
     io_uring_prep_writev(e, fd, iovecs, count, at))
PREP(readv2, (entry *e, int fd, void *iovecs, unsigned count, u64 at, int flags),
     io_uring_prep_readv2(e, fd, iovecs, count, at, flags))
PREP(writev2, (entry *e, int fd, void *iovecs, unsigned count, u64 at, int flags),
     io_uring_prep_writev2(e, fd, iovecs, count, at, flags))
PREP(sync_all, (entry *e, int fd), io_uring_prep_fsync(e, fd, 0))
PREP(sync_data, (entry *e, int fd), io_uring_prep_fsync(e, fd, IORING_FSYNC_DATASYNC))
PREP(sync_range, (entry *e, int fd, unsigned len, u64 at, int flags),
     io_uring_prep_sync_file_range(e, fd, len, at, flags))
PREP(allocate, (entry *e, int fd, int mode, u64 at, u64 len),
     io_uring_prep_fallocate(e, fd, mode, (off_t) at, (off_t) len))
PREP(advise_file, (entry *e, int fd, u64 at, unsigned len, int advice),
     io_uring_prep_fadvise(e, fd, at, (off_t) len, advice))
PREP(advise_memory, (entry *e, void *addr, unsigned len, int advice),
     io_uring_prep_madvise(e, addr, (off_t) len, advice))
PREP(provide_buffers, (entry *e, void *addr, int len, int count, int group, int first),
     io_uring_prep_provide_buffers(e, addr, len, count, group, first))
PREP(remove_buffers, (entry *e, int count, int group), io_uring_prep_remove_buffers(e, count, group))
PREP(files_update, (entry *e, void *fds, unsigned count, int first),
     io_uring_prep_files_update(e, fds, count, first))

/* Names. The bits of `asked` are bareio's, lowest first; what they mean on this processor is told by C. */
static int open_flags(unsigned asked)
{
	static const int others[] = {
		O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_DIRECT, O_DSYNC, O_SYNC, O_DIRECTORY, O_NONBLOCK, O_NOFOLLOW,
		O_TMPFILE,
	};
	int flags = (asked & 2) == 0 ? O_RDONLY : (asked & 1) != 0 ? O_RDWR : O_WRONLY;

	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (asked & (4u << i))
			flags |= others[i];
	return flags;
}

PREP(open, (entry *e, int dir, char *path, unsigned asked, unsigned mode),
     io_uring_prep_openat(e, dir, path, open_flags(asked) | O_CLOEXEC, mode))
PREP(open_direct, (entry *e, int dir, char *path, unsigned asked, unsigned mode, unsigned index),
     io_uring_prep_openat_direct(e, dir, path, open_flags(asked), mode, index))
PREP(open_how, (entry *e, int dir, char *path, void *how), io_uring_prep_openat2(e, dir, path, how))
PREP(open_how_direct, (entry *e, int dir, char *path, void *how, unsigned index),
     io_uring_prep_openat2_direct(e, dir, path, how, index))
PREP(close, (entry *e, int fd), io_uring_prep_close(e, fd))
PREP(close_direct, (entry *e, unsigned index), io_uring_prep_close_direct(e, index))
PREP(stat, (entry *e, int dir, char *path, int flags, unsigned mask, void *buf),
     io_uring_prep_statx(e, dir, path, flags, mask, buf))
PREP(rename, (entry *e, int from_dir, char *from, int to_dir, char *to, unsigned flags),
     io_uring_prep_renameat(e, from_dir, from, to_dir, to, flags))
PREP(link, (entry *e, int from_dir, char *from, int to_dir, char *to, int flags),
     io_uring_prep_linkat(e, from_dir, from, to_dir, to, flags))
PREP(unlink, (entry *e, int dir, char *path, int flags), io_uring_prep_unlinkat(e, dir, path, flags))
PREP(make_dir, (entry *e, int dir, char *path, unsigned mode), io_uring_prep_mkdirat(e, dir, path, mode))
PREP(symlink, (entry *e, char *target, int dir, char *path), io_uring_prep_symlinkat(e, target, dir, path))
PREP(fgetxattr, (entry *e, int fd, char *name, char *value, unsigned len),
     io_uring_prep_fgetxattr(e, fd, name, value, len))
PREP(getxattr, (entry *e, char *path, char *name, char *value, unsigned len),
     io_uring_prep_getxattr(e, name, value, path, len))
PREP(fsetxattr, (entry *e, int fd, char *name, char *value, unsigned len, int flags),
     io_uring_prep_fsetxattr(e, fd, name, value, flags, len))
PREP(setxattr, (entry *e, char *path, char *name, char *value, unsigned len, int flags),
     io_uring_prep_setxattr(e, name, value, path, flags, len))

/* Pipes, readiness, time, messages. */
PREP(splice, (entry *e, int from, u64 from_at, int to, u64 to_at, unsigned len, unsigned flags),
     io_uring_prep_splice(e, from, (int64_t) from_at, to, (int64_t) to_at, len, flags))
PREP(tee, (entry *e, int from, int to, unsigned len, unsigned flags),
     io_uring_prep_tee(e, from, to, len, flags))
PREP(poll, (entry *e, int fd, unsigned events), io_uring_prep_poll_add(e, fd, events))
PREP(poll_multishot, (entry *e, int fd, unsigned events), io_uring_prep_poll_multishot(e, fd, events))
PREP(poll_remove, (entry *e, u64 data), io_uring_prep_poll_remove(e, data))
PREP(poll_update, (entry *e, u64 old, u64 new, unsigned events, unsigned flags),
     io_uring_prep_poll_update(e, old, new, events, flags))
PREP(epoll_control, (entry *e, int epoll, int fd, int what, void *event),
     io_uring_prep_epoll_ctl(e, epoll, fd, what, event))
PREP(timeout, (entry *e, void *time, unsigned count, unsigned flags),
     io_uring_prep_timeout(e, time, count, flags))
PREP(timeout_remove, (entry *e, u64 data), io_uring_prep_timeout_remove(e, data, 0))
PREP(timeout_update, (entry *e, u64 data, void *time, unsigned flags),
     io_uring_prep_timeout_update(e, time, data, flags))
PREP(link_timeout_update, (entry *e, u64 data, void *time, unsigned flags),
     io_uring_prep_timeout_update(e, time, data, flags | IORING_LINK_TIMEOUT_UPDATE))
PREP(link_timeout, (entry *e, void *time, unsigned flags), io_uring_prep_link_timeout(e, time, flags))
PREP(msg_ring, (entry *e, int ring, unsigned result, u64 data, unsigned flags),
     io_uring_prep_msg_ring(e, ring, result, data, flags))

/* Sockets. */
PREP(socket, (entry *e, int domain, int kind, int protocol), io_uring_prep_socket(e, domain, kind, protocol, 0))
PREP(socket_direct, (entry *e, int domain, int kind, int protocol, unsigned index),
     io_uring_prep_socket_direct(e, domain, kind, protocol, index, 0))
PREP(socket_direct_alloc, (entry *e, int domain, int kind, int protocol),
     io_uring_prep_socket_direct_alloc(e, domain, kind, protocol, 0))
PREP(connect, (entry *e, int fd, void *addr, unsigned len), io_uring_prep_connect(e, fd, addr, len))
PREP(accept, (entry *e, int fd, void *addr, void *len, int flags),
     io_uring_prep_accept(e, fd, addr, len, flags))
PREP(accept_direct, (entry *e, int fd, void *addr, void *len, int flags, unsigned index),
     io_uring_prep_accept_direct(e, fd, addr, len, flags, index))
PREP(accept_multishot, (entry *e, int fd, void *addr, void *len, int flags),
     io_uring_prep_multishot_accept(e, fd, addr, len, flags))
PREP(accept_multishot_direct, (entry *e, int fd, void *addr, void *len, int flags),
     io_uring_prep_multishot_accept_direct(e, fd, addr, len, flags))
PREP(shutdown, (entry *e, int fd, int how), io_uring_prep_shutdown(e, fd, how))
PREP(send, (entry *e, int fd, void *buf, unsigned len, int flags), io_uring_prep_send(e, fd, buf, len, flags))
PREP(send_zc, (entry *e, int fd, void *buf, unsigned len, int flags, unsigned how),
     io_uring_prep_send_zc(e, fd, buf, len, flags, how))
PREP(send_zc_fixed, (entry *e, int fd, void *buf, unsigned len, int flags, unsigned how, unsigned index),
     io_uring_prep_send_zc_fixed(e, fd, buf, len, flags, how, index))
PREP(send_to, (entry *e, int fd, void *buf, unsigned len, int flags, void *addr, unsigned short addr_len),
     io_uring_prep_send(e, fd, buf, len, flags);
     io_uring_prep_send_set_addr(e, addr, addr_len))
PREP(sendmsg, (entry *e, int fd, void *msg, unsigned flags), io_uring_prep_sendmsg(e, fd, msg, flags))
PREP(sendmsg_zc, (entry *e, int fd, void *msg, unsigned flags), io_uring_prep_sendmsg_zc(e, fd, msg, flags))
PREP(recv, (entry *e, int fd, void *buf, unsigned len, int flags), io_uring_prep_recv(e, fd, buf, len, flags))
PREP(recv_multishot, (entry *e, int fd, unsigned short group, int flags),
     io_uring_prep_recv_multishot(e, fd, NULL, 0, flags);
     io_uring_sqe_set_flags(e, IOSQE_BUFFER_SELECT);
     e->buf_group = group)
PREP(recvmsg, (entry *e, int fd, void *msg, unsigned flags), io_uring_prep_recvmsg(e, fd, msg, flags))
PREP(recvmsg_multishot, (entry *e, int fd, void *msg, unsigned short group, unsigned flags),
     io_uring_prep_recvmsg_multishot(e, fd, msg, flags);
     io_uring_sqe_set_flags(e, IOSQE_BUFFER_SELECT);
     e->buf_group = group)

/* What Debian 12's liburing, 2.3, does not have. */
#undef PREP
#define PREP(minor, name, parameters, ...) PREP_##minor(name, parameters, __VA_ARGS__)
#define HERE(name, parameters, ...) int bareio_##name parameters { __VA_ARGS__; return 1; }
#define LATER(name, parameters, ...) int bareio_##name parameters { (void) e; return 0; }
#if LIBURING_SINCE(8)
#define PREP_8 HERE
#else
#define PREP_8 LATER
#endif
#if LIBURING_SINCE(10)
#define PREP_10 HERE
#else
#define PREP_10 LATER
#endif
#if LIBURING_SINCE(13)
#define PREP_13 HERE
#else
#define PREP_13 LATER
#endif

PREP(8, read_multishot, (entry *e, int fd, unsigned len, u64 at, int group),
     io_uring_prep_read_multishot(e, fd, len, at, group))
PREP(8, truncate, (entry *e, int fd, u64 len), io_uring_prep_ftruncate(e, fd, (loff_t) len))
PREP(8, advise_file_64, (entry *e, int fd, u64 at, u64 len, int advice),
     io_uring_prep_fadvise64(e, fd, at, (off_t) len, advice))
PREP(8, advise_memory_64, (entry *e, void *addr, u64 len, int advice),
     io_uring_prep_madvise64(e, addr, (off_t) len, advice))
PREP(8, wait_id, (entry *e, unsigned kind, int id, void *info, int changes),
     io_uring_prep_waitid(e, (idtype_t) kind, (id_t) id, info, changes, 0))
PREP(8, futex_wait, (entry *e, void *word, u64 value, u64 mask, unsigned flags),
     io_uring_prep_futex_wait(e, word, value, mask, flags, 0))
PREP(8, futex_wake, (entry *e, void *word, u64 count, u64 mask, unsigned flags),
     io_uring_prep_futex_wake(e, word, count, mask, flags, 0))
PREP(8, futex_wait_any, (entry *e, void *words, unsigned count),
     io_uring_prep_futex_waitv(e, words, count, 0))
PREP(8, install_fixed_fd, (entry *e, int index, unsigned flags), io_uring_prep_fixed_fd_install(e, index, flags))
PREP(8, msg_ring_cqe_flags, (entry *e, int ring, unsigned result, u64 data, unsigned flags, unsigned cqe_flags),
     io_uring_prep_msg_ring_cqe_flags(e, ring, result, data, flags, cqe_flags))
PREP(8, msg_ring_fd, (entry *e, int ring, int source, int target, u64 data, unsigned flags),
     io_uring_prep_msg_ring_fd(e, ring, source, target, data, flags))
PREP(8, send_bundle, (entry *e, int fd, unsigned len, unsigned short group, int flags),
     io_uring_prep_send_bundle(e, fd, len, flags);
     io_uring_sqe_set_flags(e, IOSQE_BUFFER_SELECT);
     e->buf_group = group)
PREP(8, bind, (entry *e, int fd, void *addr, unsigned len), io_uring_prep_bind(e, fd, addr, len))
PREP(8, listen, (entry *e, int fd, int backlog), io_uring_prep_listen(e, fd, backlog))
PREP(8, socket_command, (entry *e, int command, int fd, int level, int option, void *value, int len),
     io_uring_prep_cmd_sock(e, command, fd, level, option, value, len))
PREP(10, discard, (entry *e, int fd, u64 at, u64 len), io_uring_prep_cmd_discard(e, fd, at, len))
PREP(10, epoll_wait, (entry *e, int epoll, void *events, int count),
     io_uring_prep_epoll_wait(e, epoll, events, count, 0))
PREP(10, readv_fixed, (entry *e, int fd, void *iovecs, unsigned count, u64 at, int index),
     io_uring_prep_readv_fixed(e, fd, iovecs, count, at, 0, index))
PREP(10, writev_fixed, (entry *e, int fd, void *iovecs, unsigned count, u64 at, int index),
     io_uring_prep_writev_fixed(e, fd, iovecs, count, at, 0, index))
PREP(13, pipe, (entry *e, void *ends, int flags), io_uring_prep_pipe(e, ends, flags))
PREP(13, pipe_direct, (entry *e, void *ends, int flags, unsigned index),
     io_uring_prep_pipe_direct(e, ends, flags, index))
