/* Moves the wall clock of one process: put in by LD_PRELOAD, it adds the seconds that stand in
   the file which CLOCK_SHIFT names. No system lets its clock stand before 1970: it is then on the
   first day of that year. Time that only counts on is left alone. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    long result = syscall(SYS_clock_gettime, clock, time);
    const char *name = getenv("CLOCK_SHIFT");
    if (result == 0 && clock == CLOCK_REALTIME && name != NULL) {
        FILE *file = fopen(name, "r");
        long long seconds = 0;
        if (file != NULL) {
            if (fscanf(file, "%lld", &seconds) == 1) {
                time->tv_sec += seconds;
                if (time->tv_sec < 0) {
                    time->tv_sec %= 86400;
                    time->tv_sec += 86400;
                }
            }
            fclose(file);
        }
    }
    return (int)result;
}
