/* The clock of the day, moved by as many seconds as stand in a file, for programs that know nothing of it. Loaded with LD_PRELOAD;
 * clock.rs compiles it and moves the hands.
 *
 *   FUMIBAKO_HANDS  the file: eight octets, a signed number, read anew at every look at the clock
 *
 * Clocks that measure how long something takes go on as they are.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *hands;

static void fail(const char *why) {
    dprintf(2, "clock: %s\n", why);
    _exit(70);
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FUMIBAKO_HANDS");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) fail("FUMIBAKO_HANDS names no file");
    void *at = mmap(NULL, sizeof *hands, PROT_READ, MAP_SHARED, file, 0);
    if (at == MAP_FAILED) fail("the hands cannot be read");
    close(file);
    hands = at;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    long answer = syscall(SYS_clock_gettime, clock, at);
    if (answer == 0 && hands && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += *hands;
    return (int)answer;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    (void)zone;
    int answer = clock_gettime(CLOCK_REALTIME, &now);
    *at = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return answer;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
