/* Writes down, in the order of their effects, all that a program asks of the files below one folder, and what it says on
 * standard output. Loaded with LD_PRELOAD by record.rs; trace.rs reads what it writes.
 *
 *   FUMIBAKO_TRACE       the file to append to
 *   FUMIBAKO_TRACE_DISK  the folder, without a slash at its end
 *   FUMIBAKO_TRACE_END   the process dies after so many records (0: never), as by kill -9 between two calls
 *
 * A call and its record are made under one lock, so no other call comes between. Only syncs take time and let others
 * by: they are two records, and prove what was asked before the first. What this file does not understand is
 * written down as such, and the reader refuses it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 65536
#define LONGEST (2 * PATH_MAX)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int trace = -1;
static char disk[PATH_MAX];
static size_t disk_length;
static long records_left;
static uint64_t syncs;
static unsigned char ours[FDS];

struct __attribute__((packed)) head {
    uint8_t kind;
    int32_t fd;
    int32_t also;
    uint64_t at;
    uint32_t length;
};

static void fail(const char *why) {
    dprintf(2, "shim: %s\n", why);
    syscall(SYS_exit_group, 70);
}

/* Appends a record. The caller holds the lock. */
static void tell(uint8_t kind, int fd, int also, uint64_t at, const void *octets, size_t length) {
    struct head head = {kind, fd, also, at, (uint32_t)length};
    struct iovec both[2] = {{&head, sizeof head}, {(void *)octets, length}};
    int kept = errno;
    if (syscall(SYS_writev, trace, both, 2) != (long)(sizeof head + length)) fail("the trace cannot be written");
    if (records_left > 0 && --records_left == 0) syscall(SYS_exit_group, 9);
    errno = kept;
}

static void hold(void) { pthread_mutex_lock(&lock); }
static void release(void) { pthread_mutex_unlock(&lock); }
static int is_ours(int fd) { return trace >= 0 && fd >= 0 && fd < FDS && ours[fd]; }

__attribute__((constructor)) static void begin(void) {
    const char *file = getenv("FUMIBAKO_TRACE"), *folder = getenv("FUMIBAKO_TRACE_DISK"), *end = getenv("FUMIBAKO_TRACE_END");
    if (!file || !folder || strlen(folder) >= sizeof disk) return;
    strcpy(disk, folder);
    disk_length = strlen(disk);
    records_left = end ? atol(end) : 0;
    trace = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (trace < 0) fail("the trace cannot be opened");
    tell('L', -1, 0, 0, "", 0);
}

/* The path below the disk ("" is the disk itself), or NULL. SQLite's -shm is memory that need not last. */
static const char *below(int folder, const char *path, char room[LONGEST]) {
    char base[PATH_MAX], link[64];
    if (trace < 0 || !path) return NULL;
    if (*path != '/') {
        ssize_t length = 0;
        if (folder == AT_FDCWD) {
            if (!getcwd(base, sizeof base)) return NULL;
        } else {
            snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
            if ((length = readlink(link, base, sizeof base - 1)) < 0) return NULL;
            base[length] = 0;
        }
        snprintf(room, LONGEST, "%s/%s", base, path);
        path = room;
    } else {
        snprintf(room, LONGEST, "%s", path);
    }
    size_t length = strlen(room);
    if (strncmp(room, disk, disk_length) != 0 || (room[disk_length] != '/' && room[disk_length] != 0)) return NULL;
    if (length > 4 && strcmp(room + length - 4, "-shm") == 0) return NULL;
    return room[disk_length] ? room + disk_length + 1 : room + disk_length;
}

/* Something was done to our files that no record describes. */
static void strange(const char *what) {
    hold();
    tell('?', -1, 0, 0, what, strlen(what));
    release();
}

/* Names */

static int opened(int folder, const char *path, int flags, mode_t mode) {
    char room[LONGEST];
    const char *name = below(folder, path, room);
    hold();
    int fd = (int)syscall(SYS_openat, folder, path, flags, mode);
    if (fd >= 0 && fd < FDS) {
        ours[fd] = name != NULL;
        if (name) tell('O', fd, (flags & O_CREAT ? 1 : 0) + (flags & O_TRUNC ? 2 : 0), 0, name, strlen(name));
    }
    release();
    if (name && (flags & O_TMPFILE) == O_TMPFILE) strange("O_TMPFILE");
    return fd;
}

#define MODE(flags) \
    mode_t mode = 0; \
    if ((flags) & O_CREAT || ((flags) & O_TMPFILE) == O_TMPFILE) { \
        va_list more; \
        va_start(more, flags); \
        mode = va_arg(more, mode_t); \
        va_end(more); \
    }

int open(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE(flags) return opened(folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) { MODE(flags) return opened(folder, path, flags, mode); }
int __open_2(const char *path, int flags) { return opened(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return opened(AT_FDCWD, path, flags, 0); }
int creat(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

int close(int fd) {
    if (!is_ours(fd)) return (int)syscall(SYS_close, fd);
    hold();
    ours[fd] = 0;
    int done = (int)syscall(SYS_close, fd);
    tell('C', fd, 0, 0, "", 0);
    release();
    return done;
}

static int doubled(int old, int new) {
    if (new >= 0 && new < FDS && (ours[new] = ours[old])) tell('D', old, new, 0, "", 0);
    return new;
}

int dup(int fd) {
    hold();
    int new = (int)syscall(SYS_dup, fd);
    if (is_ours(fd)) doubled(fd, new);
    release();
    return new;
}

int dup3(int fd, int to, int flags) {
    hold();
    int new = (int)syscall(SYS_dup3, fd, to, flags);
    if (is_ours(fd) || is_ours(to)) doubled(fd, new);
    release();
    return new;
}

int dup2(int fd, int to) { return fd == to ? fd : dup3(fd, to, 0); }

static int controlled(int fd, int command, void *more) {
    if ((command != F_DUPFD && command != F_DUPFD_CLOEXEC) || !is_ours(fd)) return (int)syscall(SYS_fcntl, fd, command, more);
    hold();
    int new = doubled(fd, (int)syscall(SYS_fcntl, fd, command, more));
    release();
    return new;
}

#define MORE(last) \
    va_list list; \
    va_start(list, last); \
    void *more = va_arg(list, void *); \
    va_end(list);

int fcntl(int fd, int command, ...) { MORE(command) return controlled(fd, command, more); }
int fcntl64(int fd, int command, ...) { MORE(command) return controlled(fd, command, more); }

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    char rooms[2][LONGEST], both[2 * LONGEST];
    const char *old = below(from_folder, from, rooms[0]), *new = below(to_folder, to, rooms[1]);
    hold();
    int done = (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
    if (done == 0 && old && new && !flags) {
        int length = snprintf(both, sizeof both, "%s%c%s", old, 0, new);
        tell('R', -1, 0, 0, both, (size_t)length);
    }
    release();
    if (done == 0 && (flags ? old || new : !old != !new)) strange("a rename to or from elsewhere");
    return done;
}
int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    return renameat2(from_folder, from, to_folder, to, 0);
}
int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }

static int named(uint8_t kind, int folder, const char *path, long call, long more) {
    char room[LONGEST];
    const char *name = below(folder, path, room);
    hold();
    int done = (int)syscall(call, folder, path, more);
    if (done == 0 && name) tell(kind, -1, 0, 0, name, strlen(name));
    release();
    return done;
}

int unlinkat(int folder, const char *path, int flags) {
    return named(flags & AT_REMOVEDIR ? 'X' : 'U', folder, path, SYS_unlinkat, flags);
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char *path) {
    int done = unlink(path);
    return done && errno == EISDIR ? rmdir(path) : done;
}
int mkdirat(int folder, const char *path, mode_t mode) { return named('M', folder, path, SYS_mkdirat, (long)mode); }
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    char room[LONGEST];
    if (below(to_folder, to, room)) strange("link");
    return (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }
int symlinkat(const char *target, int folder, const char *path) {
    char room[LONGEST];
    if (below(folder, path, room)) strange("symlink");
    return (int)syscall(SYS_symlinkat, target, folder, path);
}
int symlink(const char *target, const char *path) { return symlinkat(target, AT_FDCWD, path); }

/* Content */

/* Tells what of these pieces was written, at the place where the file's position is now or at `at`. */
static void wrote(int fd, const struct iovec *pieces, int count, ssize_t done, off_t at) {
    if (done <= 0) return;
    uint64_t from = at >= 0 ? (uint64_t)at : (uint64_t)(lseek(fd, 0, SEEK_CUR) - done);
    for (int piece = 0; piece < count && done > 0; piece++) {
        size_t length = pieces[piece].iov_len < (size_t)done ? pieces[piece].iov_len : (size_t)done;
        if (length) tell('W', fd, 0, from, pieces[piece].iov_base, length);
        from += length;
        done -= (ssize_t)length;
    }
}

static ssize_t gathered(int fd, const struct iovec *pieces, int count, off_t at) {
    if (!is_ours(fd)) {
        return at >= 0 ? syscall(SYS_pwritev, fd, pieces, count, at, 0L) : syscall(SYS_writev, fd, pieces, count);
    }
    hold();
    ssize_t done = at >= 0 ? syscall(SYS_pwritev, fd, pieces, count, at, 0L) : syscall(SYS_writev, fd, pieces, count);
    wrote(fd, pieces, count, done, at);
    release();
    return done;
}

ssize_t write(int fd, const void *octets, size_t length) {
    struct iovec piece = {(void *)octets, length};
    if (fd == 1 && trace >= 0) {
        hold();
        tell('A', fd, 0, 0, octets, length);
        release();
    }
    return is_ours(fd) ? gathered(fd, &piece, 1, -1) : syscall(SYS_write, fd, octets, length);
}
ssize_t pwrite(int fd, const void *octets, size_t length, off_t at) {
    struct iovec piece = {(void *)octets, length};
    return is_ours(fd) ? gathered(fd, &piece, 1, at) : syscall(SYS_pwrite64, fd, octets, length, at);
}
ssize_t pwrite64(int fd, const void *octets, size_t length, off64_t at) { return pwrite(fd, octets, length, at); }
ssize_t writev(int fd, const struct iovec *pieces, int count) { return gathered(fd, pieces, count, -1); }
ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t at) { return gathered(fd, pieces, count, at); }
ssize_t pwritev64(int fd, const struct iovec *pieces, int count, off64_t at) { return gathered(fd, pieces, count, at); }

int ftruncate(int fd, off_t size) {
    if (!is_ours(fd)) return (int)syscall(SYS_ftruncate, fd, size);
    hold();
    int done = (int)syscall(SYS_ftruncate, fd, size);
    if (done == 0) tell('T', fd, 0, (uint64_t)size, "", 0);
    release();
    return done;
}
int ftruncate64(int fd, off64_t size) { return ftruncate(fd, size); }

static int synced(int fd, long call) {
    if (!is_ours(fd)) return (int)syscall(call, fd);
    hold();
    uint64_t number = ++syncs;
    tell('S', fd, 0, number, "", 0);
    release();
    int done = (int)syscall(call, fd);
    if (done == 0) {
        hold();
        tell('E', fd, 0, number, "", 0);
        release();
    }
    return done;
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

/* What the store does not do. */

int fallocate(int fd, int mode, off_t at, off_t length) {
    if (is_ours(fd)) strange("fallocate");
    return (int)syscall(SYS_fallocate, fd, mode, at, length);
}
int fallocate64(int fd, int mode, off64_t at, off64_t length) { return fallocate(fd, mode, at, length); }
int posix_fallocate(int fd, off_t at, off_t length) { return fallocate(fd, 0, at, length) ? errno : 0; }
int posix_fallocate64(int fd, off64_t at, off64_t length) { return posix_fallocate(fd, at, length); }

int truncate(const char *path, off_t size) {
    char room[LONGEST];
    if (below(AT_FDCWD, path, room)) strange("truncate");
    return (int)syscall(SYS_truncate, path, size);
}
int truncate64(const char *path, off64_t size) { return truncate(path, size); }

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t length, unsigned flags) {
    if (is_ours(to)) strange("copy_file_range");
    return syscall(SYS_copy_file_range, from, from_at, to, to_at, length, flags);
}
ssize_t sendfile(int to, int from, off_t *at, size_t length) {
    if (is_ours(to)) strange("sendfile");
    return syscall(SYS_sendfile, to, from, at, length);
}
ssize_t sendfile64(int to, int from, off64_t *at, size_t length) { return sendfile(to, from, at, length); }

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t at) {
    if (is_ours(fd) && protection & PROT_WRITE && (flags & MAP_TYPE) != MAP_PRIVATE) strange("a file mapped for writing");
    return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, at);
}
void *mmap64(void *address, size_t length, int protection, int flags, int fd, off64_t at) {
    return mmap(address, length, protection, flags, fd, at);
}
