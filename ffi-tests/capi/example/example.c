/* Writes a buffer of a pool through a ring, flushes it, and reads it back: without libc, and, compiled with HOSTED,
 * beside it. */

#include "bareio.h"

#ifdef HOSTED
#include <stdio.h>
static void say(const char *text) { fputs(text, stdout); }
#else
/* In start.c. */
void say(const char *text);
#endif

/* Rings and pools stay where they were made. */
static bareio_ring ring;
static bareio_pool pool;

/* Says what failed, and how. */
static int fail(const char *what, int32_t error) {
  char name[32];
  bareio_error_name(error, name, sizeof name);
  say(what);
  say(" failed: ");
  say(name);
  say("\n");
  return 1;
}

/* Waits for `count` completions, each of which must have moved what is expected of it. */
static int32_t expect(const int32_t *results, uint32_t count) {
  int32_t there = bareio_submit(&ring, count);
  if (there < 0) return there;
  bareio_completion completion;
  for (uint32_t at = 0; at < count; at++) {
    if (!bareio_pop(&ring, &completion)) return -1;
    if (completion.result < 0) return completion.result;
    if (completion.result != results[completion.user_data]) return -5; /* EIO: fewer bytes */
  }
  return 0;
}

int main(void) {
  const int32_t kib_4 = 4096;
  int32_t error = bareio_ring_make(&ring, 8);
  if (error < 0) return fail("making a ring", error);
  error = bareio_pool_make(&pool, (size_t)kib_4, 2);
  if (error < 0) return fail("making a pool", error);
  int32_t file = bareio_open("example.dat", BAREIO_READ | BAREIO_WRITE | BAREIO_CREATE | BAREIO_TRUNCATE, 0600);
  if (file < 0) return fail("opening a file", file);

  bareio_buffer ours, back, none;
  if (bareio_pool_get(&pool, &ours) < 0 || bareio_pool_get(&pool, &back) < 0) return fail("drawing a buffer", -11);
  if (bareio_pool_get(&pool, &none) != -11) return fail("running out of buffers", 0);
  static const char text[] = "written without libc";
  for (size_t at = 0; at < ours.len; at++) {
    ours.start[at] = at < sizeof text ? (uint8_t)text[at] : (uint8_t)at;
    back.start[at] = 0;
  }

  /* The flush runs if the write was whole, and the bytes are durable if both say so. */
  const int32_t durable[] = {kib_4, 0};
  error = bareio_push_durable_write(&ring, file, ours.start, ours.len, 0, 0);
  if (error == 0) error = expect(durable, 2);
  if (error < 0) return fail("writing", error);
  error = bareio_push_read(&ring, file, back.start, back.len, 0, 0);
  if (error == 0) error = expect(durable, 1);
  if (error < 0) return fail("reading", error);
  for (size_t at = 0; at < back.len; at++) {
    if (back.start[at] != ours.start[at]) return fail("comparing", -5);
  }

  /* What C programs get wrong is said, and does no harm. */
  if (bareio_pool_unmake(&pool) != -16) return fail("keeping a pool whose buffers are out", 0);
  if (bareio_pool_put(&pool, back.index) != 0 || bareio_pool_put(&pool, ours.index) != 0) {
    return fail("putting buffers back", -22);
  }
  if (bareio_pool_put(&pool, ours.index) != -22) return fail("refusing a buffer that was put back", 0);
  if (bareio_push_read(&ring, file, back.start, back.len, UINT64_MAX, 0) != -22) {
    return fail("refusing an offset of -1", 0);
  }

  error = bareio_ring_unmake(&ring, 5000);
  if (error < 0) return fail("ending the ring", error);
  error = bareio_pool_unmake(&pool);
  if (error < 0) return fail("ending the pool", error);
  if (bareio_close(file) < 0) return fail("closing the file", -9);
  say("wrote 4096 bytes, flushed them, and read the same back\n");
  return 0;
}
