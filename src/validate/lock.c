#include "validate/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/scenario.h"

/* FNV-1a: a short name for a command. */
static uint32_t name_of(const char *command) {
    uint32_t hash = 2166136261u;
    for (; command && *command; command++)
        hash = (hash ^ (unsigned char)*command) * 16777619u;
    return command ? hash : 0;
}

int lock_take(const char *command, char *err) {
    char path[1024];
    const char *dir = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/moescope-validate-%08x.lock", dir && *dir ? dir : "/tmp", (unsigned)name_of(command));
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW); /* another user's file too: a lock needs no more */
    if (fd < 0)
        fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0444);
    if (fd < 0) {
        snprintf(err, ERROR_LEN, "%.300s: %s; TMPDIR names the directory of the lock", path, strerror(errno));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    snprintf(err, ERROR_LEN, "busy: another validation is running %s; two at once would measure each other",
             command ? "by this command" : "on this machine");
    close(fd);
    return -1;
}
