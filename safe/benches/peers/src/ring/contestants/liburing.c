/*
 * liburing's contestant. In C, because most of what it costs is in the inline functions of liburing.h.
 * The table is that of fixture.rs.
 */
#include <errno.h>
#include <liburing.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/uio.h>

#ifndef IORING_SETUP_SINGLE_ISSUER
#define IORING_SETUP_SINGLE_ISSUER (1U << 12)
#endif
#ifndef IORING_SETUP_DEFER_TASKRUN
#define IORING_SETUP_DEFER_TASKRUN (1U << 13)
#endif

/* Makes a ring with the file and the buffer registered, or returns null and sets *error to an errno. */
struct io_uring *bareio_peers_liburing_open(unsigned entries, int fd, void *buffer, size_t len, int *error)
{
	struct io_uring_params params = { .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN };
	struct iovec vector = { .iov_base = buffer, .iov_len = len };
	struct io_uring *ring = calloc(1, sizeof(*ring));
	int result = -ENOMEM;

	if (!ring)
		goto failed;
	/* Sets NO_SQARRAY by itself where it knows it (from 2.6 on), and never otherwise. */
	result = io_uring_queue_init_params(entries, ring, &params);
	if (result < 0)
		goto failed;
	result = io_uring_register_ring_fd(ring);
	if (result >= 0)
		result = io_uring_register_buffers(ring, &vector, 1);
	if (result >= 0)
		result = io_uring_register_files(ring, &fd, 1);
	if (result >= 0)
		return ring;
	io_uring_queue_exit(ring);
failed:
	free(ring);
	*error = -result;
	return NULL;
}

void bareio_peers_liburing_close(struct io_uring *ring)
{
	io_uring_queue_exit(ring);
	free(ring);
}

/* Returns the sum of the user_data that came back. */
uint64_t bareio_peers_liburing_singles(struct io_uring *ring, uint64_t repetitions)
{
	uint64_t sum = 0;

	while (repetitions--) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
		struct io_uring_cqe *cqe;

		io_uring_prep_nop(sqe);
		sqe->user_data = 1;
		io_uring_submit_and_wait(ring, 1);
		if (io_uring_peek_cqe(ring, &cqe))
			return 0;
		sum += cqe->user_data;
		io_uring_cqe_seen(ring, cqe);
	}
	return sum;
}

/* Returns the sum of the user_data that came back. */
uint64_t bareio_peers_liburing_nops(struct io_uring *ring, unsigned batch, uint64_t repetitions)
{
	uint64_t sum = 0;

	while (repetitions--) {
		struct io_uring_cqe *cqe;
		unsigned head, seen = 0;

		for (unsigned i = 1; i <= batch; i++) {
			struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

			io_uring_prep_nop(sqe);
			sqe->user_data = i;
		}
		io_uring_submit_and_wait(ring, batch);
		io_uring_for_each_cqe(ring, head, cqe) {
			sum += cqe->user_data;
			seen++;
		}
		io_uring_cq_advance(ring, seen);
	}
	return sum;
}

/* Returns how many completions were not what the table, of `count` slots, a power of two, expects. */
uint64_t bareio_peers_liburing_reads(struct io_uring *ring, unsigned batch, uint64_t repetitions,
				     unsigned char *buffer, unsigned len, uint64_t *slots, unsigned count)
{
	uint64_t wrong = 0;

	while (repetitions--) {
		struct io_uring_cqe *cqe;
		unsigned head, seen = 0;

		for (unsigned i = 0; i < batch; i++) {
			struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

			io_uring_prep_read_fixed(sqe, 0, buffer + (size_t)i * len, len, (uint64_t)i * len, 0);
			sqe->flags |= IOSQE_FIXED_FILE;
			sqe->user_data = slots[i & (count - 1)];
		}
		io_uring_submit_and_wait(ring, batch);
		io_uring_for_each_cqe(ring, head, cqe) {
			uint64_t *slot = &slots[cqe->user_data & (count - 1)];

			if (*slot != cqe->user_data || cqe->res != (int)len)
				wrong++;
			*slot += UINT64_C(1) << 32;
			seen++;
		}
		io_uring_cq_advance(ring, seen);
		wrong += seen != batch;
	}
	return wrong;
}
