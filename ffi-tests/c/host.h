/* A host as an embedder in C would offer it: a table of functions, of plain numbers and addresses. What is missing is
 * NULL. Each answers a number that is not negative, or a negative error number of Linux. */
#ifndef BAREIO_HOST_H
#define BAREIO_HOST_H

#include <stdint.h>

struct host {
    void *context;
    int64_t (*ring_setup)(void *, uint32_t entries, void *params);
    int64_t (*ring_enter)(void *, int32_t ring, uint32_t submit, uint32_t complete, uint32_t flags, const void *arg,
                          uint64_t arg_len);
    int64_t (*ring_register)(void *, int32_t ring, uint32_t what, void *arg, uint32_t count);
    int64_t (*page_len)(void *);
    int64_t (*map)(void *, uint64_t len, uint32_t flags);
    int64_t (*map_ring)(void *, int32_t ring, uint64_t offset, uint64_t len);
    int64_t (*remap)(void *, void *at, uint64_t len, uint64_t new_len);
    int64_t (*unmap)(void *, void *at, uint64_t len);
    int64_t (*advise)(void *, void *at, uint64_t len, uint32_t advice);
    int64_t (*open_at)(void *, int32_t dir, const char *path, uint32_t flags, uint32_t mode);
    int64_t (*close)(void *, int32_t file);
    int64_t (*read_at)(void *, int32_t file, void *to, uint64_t len, uint64_t offset);
    int64_t (*write_at)(void *, int32_t file, const void *from, uint64_t len, uint64_t offset);
    int64_t (*read_vectored)(void *, int32_t file, const void *pieces, uint64_t count, uint64_t offset, uint32_t flags);
    int64_t (*write_vectored)(void *, int32_t file, const void *pieces, uint64_t count, uint64_t offset, uint32_t flags);
    int64_t (*sync_all)(void *, int32_t file);
    int64_t (*sync_data)(void *, int32_t file);
    int64_t (*sync_range)(void *, int32_t file, uint64_t offset, uint64_t len, uint32_t how);
    int64_t (*truncate)(void *, int32_t file, uint64_t len);
    int64_t (*stat)(void *, int32_t dir, const char *path, uint32_t mask, void *stat);
    int64_t (*advise_file)(void *, int32_t file, uint64_t offset, uint64_t len, uint32_t advice);
    int64_t (*now)(void *); /* nanoseconds */
    int64_t (*wait)(void *, uint32_t *word, uint32_t expected, int64_t nanoseconds); /* negative: for ever */
    int64_t (*wake)(void *, uint32_t *word, uint32_t count);
    int64_t (*yield_now)(void *);
    int64_t (*process_id)(void *);
};

/* Everything that Linux has, by libc; and what it noticed meanwhile. */
const struct host *bareio_host_whole(void);
uint64_t bareio_host_calls(void);
uint64_t bareio_host_early(void);

/* Almost nothing, and a ring of its own making; and how often it lost a completion. */
const struct host *bareio_host_least(void);

#endif
