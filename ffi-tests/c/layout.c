/*
 * What the C compiler sees in the kernel's headers: one row for each constant, each structure and each field that
 * bareio-core has an opinion on. The first argument of each row is the kernel that first has it; an older header
 * makes the row "not known", which the test counts. since.h, written by build.rs, tells the two apart.
 */
#define _GNU_SOURCE
#include <stddef.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <signal.h>

#include <linux/version.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/mman.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <linux/time_types.h>
#include <linux/wait.h>
#include <linux/xattr.h>

#include "since.h"


struct row {
	const char *name;
	int known;
	unsigned long long value;
};

#define KNOWN(name, value) { name, 1, (unsigned long long)(value) },
#define NEWER(name, value) { name, 0, 0 },

#define SIZE_OF_FIELD(type, field) sizeof(((type *)0)->field)

/* A constant. */
#define CONST(since, name) AT_##since(#name, name)
/* A whole structure: its size. */
#define SIZE(since, name) AT_##since("sizeof " #name, sizeof(struct name))
/* A field: its offset, times 65536, plus its size. */
#define FIELD(since, name, field) \
	AT_##since(#name "." #field, offsetof(struct name, field) << 16 | SIZE_OF_FIELD(struct name, field))
/* A member of a union: its offset. */
#define PLACE(since, name, field) AT_##since(#name "." #field "@", offsetof(struct name, field))

static const struct row rows[] = {
#include "structs.h"
#include "constants.h"
};

const struct row *bareio_layout(size_t *count)
{
	*count = sizeof(rows) / sizeof(rows[0]);
	return rows;
}

/* The kernel release whose headers these are: major, minor, patch, a byte each. */
unsigned bareio_headers(void)
{
	return LINUX_VERSION_CODE;
}
