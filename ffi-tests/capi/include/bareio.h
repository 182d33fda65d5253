/* bareio: io_uring rings, aligned memory and buffer pools without libc.
 *
 * Written from ffi-tests/capi/src by cbindgen; change it there, and write it anew with
 *   BAREIO_BLESS=1 cargo test -p bareio-capi-check --test header
 *
 * Nothing here allocates. Rings and pools live in memory of the caller's, of the types below, which are not to be
 * copied or moved while they are in use. Functions return 0 or a count, or a negative error number of Linux, whose name
 * bareio_error_name tells. A program that is linked without libc brings memcpy, memmove, memset and memcmp, as every
 * freestanding compiler asks.
 */

#ifndef BAREIO_H
#define BAREIO_H

#include <stddef.h>
#include <stdint.h>

/*
 Open for reading. Added to others.
 */
#define BAREIO_READ (1 << 0)

/*
 Open for writing.
 */
#define BAREIO_WRITE (1 << 1)

/*
 Make the file if it is not there.
 */
#define BAREIO_CREATE (1 << 2)

/*
 Empty it.
 */
#define BAREIO_TRUNCATE (1 << 4)

/*
 Go past the page cache: addresses, lengths and offsets must then be multiples of the device's block.
 */
#define BAREIO_DIRECT (1 << 6)

/*
 A bounded, lock-free pool of equal buffers, in memory of its own, on a grid of 4,096 bytes. Not to be looked into.
 */
typedef struct {
  uint64_t words[24];
} bareio_pool;

/*
 A buffer that was drawn, the caller's until it is put back.
 */
typedef struct {
  /*
   Its first byte.
   */
  uint8_t *start;
  /*
   How many bytes it has.
   */
  size_t len;
  /*
   Its number in the pool.
   */
  uint32_t index;
} bareio_buffer;

/*
 A ring that the thread which made it submits to and reaps from. Not to be looked into.
 */
typedef struct {
  uint64_t words[64];
} bareio_ring;

/*
 What became of an operation.
 */
typedef struct {
  /*
   As it was pushed.
   */
  uint64_t user_data;
  /*
   How many bytes were moved, or 0, or a negative error number.
   */
  int32_t result;
  /*
   Of io_uring: 0 for everything that can be pushed here.
   */
  uint32_t flags;
} bareio_completion;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/*
 Writes the name of an error number, as in `ENOENT`, to `to`, cut to `len` bytes, the last of which is a nul byte.
 Takes both signs. Returns the length of the name, or 0 if it has none.

 # Safety

 `to` points to `len` bytes, at least one.
 */
size_t bareio_error_name(int32_t error,
                         char *to,
                         size_t len);

/*
 Opens a file with the flags above, and permissions `mode` if it is made. Returns its descriptor, close-on-exec.

 `EINVAL`: a flag that is not above, or the file system cannot go past the cache.

 # Safety

 `path` ends in a nul byte.
 */
int32_t bareio_open(const char *path,
                    uint32_t flags,
                    uint32_t mode);

/*
 Closes a descriptor. Its number is free afterwards, whatever is returned.

 # Safety

 It is the caller's to close, and no operation in flight is on it.
 */
int32_t bareio_close(int32_t file);

/*
 Makes a pool of `count` buffers of at least `len` bytes each, rounded up to 4,096, in memory that is mapped for it.

 `EINVAL`: one of the numbers is zero, or too large. `ENOMEM`: there is not so much memory.

 # Safety

 `pool` points to memory for one, which holds none.
 */
int32_t bareio_pool_make(bareio_pool *pool,
                         size_t len,
                         uint32_t count);

/*
 Draws a buffer. What its last owner wrote is still in it. Any thread may call this.

 `EAGAIN`: none is free.

 # Safety

 `pool` is one that was made, and `buffer` points to memory for one.
 */
int32_t bareio_pool_get(const bareio_pool *pool, bareio_buffer *buffer);

/*
 Puts a buffer back, by its number. Any thread may call this.

 `EINVAL`: no buffer of that number is drawn; it was put back already, or there is no such number.

 # Safety

 `pool` is one that was made. Nobody uses the buffer any more, and no operation in flight does.
 */
int32_t bareio_pool_put(const bareio_pool *pool, uint32_t index);

/*
 How many buffers are free.

 # Safety

 `pool` is one that was made.
 */
uint32_t bareio_pool_free(const bareio_pool *pool);

/*
 Gives the pool's memory back.

 `EBUSY`: a buffer is not back yet; the pool is as it was.

 # Safety

 `pool` is one that was made; if this succeeds, it is none any more. Nobody else uses it meanwhile.
 */
int32_t bareio_pool_unmake(bareio_pool *pool);

/*
 Makes a ring of `entries` submission entries, rounded up to a power of two, and twice as many completions.

 `ENOSYS`: the kernel has no io_uring. `EPERM`: it is forbidden. `ENOMEM`: no memory, or too little may be locked.

 # Safety

 `ring` points to memory for one, which holds none.
 */
int32_t bareio_ring_make(bareio_ring *ring,
                         uint32_t entries);

/*
 Cancels what is in flight, waits for all of it for at most `milliseconds`, and gives the ring back. Completions are
 thrown away.

 `EBUSY`: something is in flight still; the ring is as it was, and what its operations use must stay.

 # Safety

 `ring` is one of this thread; if this succeeds, it is none any more.
 */
int32_t bareio_ring_unmake(bareio_ring *ring,
                           uint64_t milliseconds);

/*
 Stages a read of up to `len` bytes at `offset` into the memory at `to`. The next submission takes it along.

 `EAGAIN`: the ring is full; submit first. `EINVAL`: `len` or `offset` is more than an operation can have; an offset of
 −1 does not mean the current position.

 # Safety

 Until the operation's completion has been popped, or the ring was given back: `file` stays open; the memory is valid,
 and nobody else touches it. `user_data` is not `UINT64_MAX`.
 */
int32_t bareio_push_read(bareio_ring *ring,
                         int32_t file,
                         uint8_t *to,
                         size_t len,
                         uint64_t offset,
                         uint64_t user_data);

/*
 Stages a write of up to `len` bytes at `offset` from the memory at `from`. Errors as of `bareio_push_read`.

 # Safety

 As of `bareio_push_read`, but that others may read the memory.
 */
int32_t bareio_push_write(bareio_ring *ring,
                          int32_t file,
                          const uint8_t *from,
                          size_t len,
                          uint64_t offset,
                          uint64_t user_data);

/*
 Stages a flush of the file's data, and of what reading it back needs. It starts at once, and says nothing of writes
 that have not completed by then. `EAGAIN` as of `bareio_push_read`.

 # Safety

 `file` stays open until the completion has been popped. `user_data` is not `UINT64_MAX`.
 */
int32_t bareio_push_sync(bareio_ring *ring,
                         int32_t file,
                         uint64_t user_data);

/*
 Stages a write, and behind it a flush that runs if all of it was written. Both complete: the write with `user_data`,
 the flush with `user_data + 1`. The bytes are durable if the write says `len` and the flush says 0. Both are staged,
 or none; errors as of `bareio_push_read`.

 # Safety

 As of `bareio_push_write`, until both completions have been popped. `user_data` is below `UINT64_MAX - 1`.
 */
int32_t bareio_push_durable_write(bareio_ring *ring,
                                  int32_t file,
                                  const uint8_t *from,
                                  size_t len,
                                  uint64_t offset,
                                  uint64_t user_data);

/*
 Submits everything that is staged, and waits until `want` completions can be popped. Returns how many can be.

 It waits for ever if fewer are in flight than wanted.

 # Safety

 `ring` is one of this thread.
 */
int32_t bareio_submit(bareio_ring *ring,
                      uint32_t want);

/*
 Takes the next completion, if one is there: returns 1 and fills `completion`, or returns 0.

 # Safety

 `ring` is one of this thread, and `completion` points to memory for one.
 */
int32_t bareio_pop(bareio_ring *ring, bareio_completion *completion);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* BAREIO_H */
