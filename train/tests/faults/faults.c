/* Fails the n-th call of a program that changes files below a folder, or all from it on; or kills the program there.
 *
 * Preloaded (LD_PRELOAD) by io_faults.rs and kills.rs. FAULT_BELOW: the folder; FAULT_AT: which call, from 1; FAULT_LASTS:
 * whether all later ones fail, too; FAULT_ERRNO: with which error; without it the program is killed, in a write when half is
 * written; FAULT_COUNT: a file that gets the number of calls when the program ends. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;

enum { FAILED = 1, KILLED };

/* What is to become of this call, nothing if 0; counts it if the path is below the folder. */
static int fate(const char *path) {
    const char *below = getenv("FAULT_BELOW"), *at = getenv("FAULT_AT");
    if (!below || !path || !strstr(path, below)) return 0;
    long call = atomic_fetch_add(&calls, 1) + 1;
    if (!at || call < atol(at) || (call > atol(at) && !getenv("FAULT_LASTS"))) return 0;
    const char *error = getenv("FAULT_ERRNO");
    if (!error) return KILLED;
    errno = atoi(error);
    return FAILED;
}

static int fate_at(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return fate(path);
}

static int end(int fate) {
    if (fate == KILLED) kill(getpid(), SIGKILL);
    return fate;
}

static int fails(const char *path) { return end(fate(path)); }
static int fails_at(int fd) { return end(fate_at(fd)); }

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t size) {
    int fate = fate_at(fd);
    if (fate == KILLED) REAL(write)(fd, data, size / 2);
    return end(fate) ? -1 : REAL(write)(fd, data, size);
}

ssize_t writev(int fd, const struct iovec *parts, int count) { return fails_at(fd) ? -1 : REAL(writev)(fd, parts, count); }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) { return fails_at(fd) ? -1 : REAL(pwrite64)(fd, data, size, at); }
int ftruncate64(int fd, off64_t size) { return fails_at(fd) ? -1 : REAL(ftruncate64)(fd, size); }
int fsync(int fd) { return fails_at(fd) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return fails_at(fd) ? -1 : REAL(fdatasync)(fd); }
int rename(const char *from, const char *to) { return fails(to) ? -1 : REAL(rename)(from, to); }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) { return fails(to) ? -1 : REAL(renameat2)(a, from, b, to, flags); }
int mkdir(const char *path, mode_t mode) { return fails(path) ? -1 : REAL(mkdir)(path, mode); }
int fchmod(int fd, mode_t mode) { return fails_at(fd) ? -1 : REAL(fchmod)(fd, mode); }

int open64(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = va_arg(more, mode_t);
    va_end(more);
    return flags & O_CREAT && fails(path) ? -1 : REAL(open64)(path, flags, mode);
}

__attribute__((destructor)) static void tell(void) {
    const char *path = getenv("FAULT_COUNT");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file) return;
    fprintf(file, "%ld", (long)atomic_load(&calls));
    fclose(file);
}
