/* A disk that loses what was not synced: of each file that the process syncs, SYNCED_FOLDER gets a
 * copy as it is then, before fsync() or fdatasync() returns; a file that is unlinked loses its copy,
 * as a file system that journals its directories keeps their order. Loaded by LD_PRELOAD. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int copy(int fd) {
    const char *folder = getenv("SYNCED_FOLDER");
    char link[64], path[4096], temporary[8192], target[8192], buffer[65536];
    struct stat facts;
    if (folder == NULL || fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode))
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return -1;
    path[length] = '\0';
    const char *name = strrchr(path, '/') + 1;
    snprintf(target, sizeof target, "%s/%s", folder, name);
    snprintf(temporary, sizeof temporary, "%s/.%s.%d", folder, name, gettid());
    int out = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (out < 0)
        return -1;
    off_t at = 0;
    while ((length = pread(fd, buffer, sizeof buffer, at)) > 0) {
        if (write(out, buffer, length) != length)
            return -1;
        at += length;
    }
    close(out);
    return length < 0 ? -1 : rename(temporary, target);
}

int unlink(const char *path) {
    const char *folder = getenv("SYNCED_FOLDER"), *name = strrchr(path, '/');
    char target[8192];
    if (folder != NULL) {
        snprintf(target, sizeof target, "%s/%s", folder, name == NULL ? path : name + 1);
        unlinkat(AT_FDCWD, target, 0);
    }
    return unlinkat(AT_FDCWD, path, 0);
}

int fsync(int fd) { return copy(fd); }
int fdatasync(int fd) { return copy(fd); }
