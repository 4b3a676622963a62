/* What a program does to files, in the order in which it does it: a line for each write, sync and rename that succeeded. Loaded with
 * LD_PRELOAD; acts.rs compiles it and reads the lines.
 *
 *   FUMIBAKO_ACTS  the file of the lines
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int lines = -1;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FUMIBAKO_ACTS");
    lines = path ? open(path, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
    if (lines < 0) _exit(70);
}

/* One write for a line, so that those of several threads do not mix. */
static void note(const char *act, const char *path, const char *to) {
    char line[2 * PATH_MAX + 16];
    int before = errno;
    int length = snprintf(line, sizeof line, "%s\t%s\t%s\n", act, path, to);
    if (length > 0 && (size_t)length < sizeof line && syscall(SYS_write, lines, line, length) != length) _exit(70);
    errno = before;
}

/* Sockets and pipes have names as well, which begin with another letter. */
static void note_file(const char *act, int file) {
    char link[32], path[PATH_MAX];
    int before = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = before;
    if (length <= 0 || path[0] != '/') return;
    path[length] = 0;
    note(act, path, "");
}

ssize_t write(int file, const void *octets, size_t count) {
    ssize_t written = syscall(SYS_write, file, octets, count);
    if (written > 0) note_file("write", file);
    return written;
}

int fsync(int file) {
    int answer = (int)syscall(SYS_fsync, file);
    if (answer == 0) note_file("sync", file);
    return answer;
}

int fdatasync(int file) {
    int answer = (int)syscall(SYS_fdatasync, file);
    if (answer == 0) note_file("sync", file);
    return answer;
}

int rename(const char *from, const char *to) {
    int answer = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (answer == 0) note("rename", from, to);
    return answer;
}
