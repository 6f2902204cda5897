/* Preloaded into zapi-batch by the torture program: counts the calls that change files or send bytes, dies or fails at
 * the n-th of them, and writes a journal of all of them in the order in which they happened.
 *
 * Told by TORTURE_SHIM, a list of `key=value` separated by commas:
 *   root=DIR     only files below DIR count (the campaign's folder); sockets count where they speak IPv4 or IPv6
 *   count=FILE   the shared page (struct page) that outlives the process
 *   only=file    sockets do not count; only=net: nothing else does
 *   kill=N       SIGKILL before the N-th counted call; torn=P: P percent of a write are carried out first
 *   fail=N       the N-th counted call fails with errno=E; sticky=1: all later ones too; short=1: a write is cut in half
 *                and the next call fails; spare=TEXT: never where the path holds TEXT
 *   log=FILE     the journal
 *   nosync=TEXT  fsync and fdatasync do nothing where the path holds TEXT (`*`: everywhere)
 * Calls that go around the C library (raw system calls, mmap) are not seen. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct page { long calls; long failed; char path[1000]; };
static struct page local_page, *page = &local_page;
static char root[PATH_MAX], spare[64], nosync[64];
static long kill_at, fail_at;
static int torn, fail_errno = ENOSPC, sticky, cut_short, only_files, only_net, log_fd = -1;
static pthread_mutex_t journal = PTHREAD_MUTEX_INITIALIZER;


static int raw_open(const char *path, int flags) { return syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0600); }

static void setting(char *key, char *value) {
    if (!strcmp(key, "root")) snprintf(root, sizeof root, "%s", value);
    else if (!strcmp(key, "spare")) snprintf(spare, sizeof spare, "%s", value);
    else if (!strcmp(key, "nosync")) snprintf(nosync, sizeof nosync, "%s", value);
    else if (!strcmp(key, "only")) *(strcmp(value, "net") ? &only_files : &only_net) = 1;
    else if (!strcmp(key, "kill")) kill_at = atol(value);
    else if (!strcmp(key, "torn")) torn = atoi(value);
    else if (!strcmp(key, "fail")) fail_at = atol(value);
    else if (!strcmp(key, "errno")) fail_errno = atoi(value);
    else if (!strcmp(key, "sticky")) sticky = atoi(value);
    else if (!strcmp(key, "short")) cut_short = atoi(value);
    else if (!strcmp(key, "log")) {
        int fd = raw_open(value, O_CREAT | O_WRONLY | O_APPEND);
        log_fd = fcntl(fd, F_DUPFD_CLOEXEC, 900);
        syscall(SYS_close, fd);
    } else if (!strcmp(key, "count")) {
        int fd = raw_open(value, O_CREAT | O_RDWR);
        syscall(SYS_ftruncate, fd, (long)sizeof(struct page));
        void *at = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (at != MAP_FAILED) page = at;
        syscall(SYS_close, fd);
    }
}

__attribute__((constructor)) static void begin(void) {
    const char *given = getenv("TORTURE_SHIM");
    char text[4 * PATH_MAX], *rest = text, *part;
    snprintf(text, sizeof text, "%s", given ? given : "");
    while ((part = strsep(&rest, ","))) {
        char *value = strchr(part, '=');
        if (value) { *value++ = 0; setting(part, value); }
    }
}

enum class { NONE, FILES, NET };

/* What a descriptor is, and its path where it is a file. */
static enum class class_of(int fd, char *path) {
    struct stat about;
    path[0] = 0;
    if (!root[0] || fd <= 2 || fd == log_fd || fstat(fd, &about)) return NONE;
    if (S_ISSOCK(about.st_mode)) {
        struct sockaddr_storage name;
        socklen_t length = sizeof name;
        if (getsockname(fd, (struct sockaddr *)&name, &length)) return NONE;
        return name.ss_family == AF_INET || name.ss_family == AF_INET6 ? NET : NONE;
    }
    if (!S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode)) return NONE;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    if (length < 0) return NONE;
    path[length] = 0;
    return strncmp(path, root, strlen(root)) ? NONE : FILES;
}

static enum class class_of_path(const char *given, char *path) {
    if (given[0] == '/') snprintf(path, PATH_MAX, "%s", given);
    else {
        char here[PATH_MAX / 2];
        if (!getcwd(here, sizeof here)) here[0] = 0;
        if (!strncmp(given, "./", 2)) given += 2;
        snprintf(path, PATH_MAX, "%s/%s", here, given);
    }
    return root[0] && !strncmp(path, root, strlen(root)) ? FILES : NONE;
}

static void die(void) { syscall(SYS_kill, getpid(), SIGKILL); for (;;) pause(); }

/* Counts one call. 0: carry it out; 1: cut the write short; 2: tear the write, then die; else fail with errno set. */
static int point(enum class what, const char *path, int is_write) {
    if (what == NONE || (only_files && what == NET) || (only_net && what == FILES)) return 0;
    long n = __atomic_add_fetch(&page->calls, 1, __ATOMIC_SEQ_CST);
    if (n == kill_at) { if (torn && is_write) return 2; die(); }
    if (!fail_at || n < fail_at || (spare[0] && strstr(path, spare))) return 0;
    long first = fail_at;
    if (cut_short) { if (n == first && is_write) return 1; first = n == first ? n : first + 1; }
    if (n > first && !sticky) return 0;
    if (!page->failed) { snprintf(page->path, sizeof page->path, "%s", path); page->failed = n; }
    errno = fail_errno;
    return -1;
}

static void journal_line(const char *line, const void *data, size_t length) {
    if (log_fd < 0) return;
    struct iovec parts[2] = {{(void *)line, strlen(line)}, {(void *)data, length}};
    pthread_mutex_lock(&journal);
    if (syscall(SYS_writev, log_fd, parts, data ? 2 : 1) < 0) die();
    pthread_mutex_unlock(&journal);
}

static void journal_write(const char *path, long at, const void *data, long length) {
    char line[PATH_MAX + 64];
    if (log_fd < 0 || length <= 0) return;
    snprintf(line, sizeof line, "W %ld %ld %s\n", at, length, path);
    journal_line(line, data, (size_t)length);
}

static void journal_send(int fd, const void *data, size_t length) {
    char line[64];
    if (log_fd < 0) return;
    snprintf(line, sizeof line, "N %d %zu\n", fd, length);
    journal_line(line, data, length);
}

static void journal_path(char what, const char *path, long number) {
    char line[PATH_MAX + 64];
    snprintf(line, sizeof line, "%c %ld 0 %s\n", what, number, path);
    journal_line(line, NULL, 0);
}

static ssize_t plain_write(int fd, const void *data, size_t length, long at) {
    return at < 0 ? syscall(SYS_write, fd, data, length) : syscall(SYS_pwrite64, fd, data, length, at);
}

static ssize_t counted_write(int fd, const void *data, size_t length, long at) {
    char path[PATH_MAX];
    enum class what = class_of(fd, path);
    int told = point(what, path, 1);
    if (told == -1) return -1;
    if (told == 2) { plain_write(fd, data, length * torn / 100, at); die(); }
    if (told == 1 && length > 1) length /= 2;
    long from = at < 0 && what == FILES ? lseek(fd, 0, SEEK_CUR) : at;
    if (what == NET) journal_send(fd, data, length);
    ssize_t done = plain_write(fd, data, length, at);
    if (what == FILES) journal_write(path, from, data, done);
    return done;
}

ssize_t write(int fd, const void *data, size_t length) { return counted_write(fd, data, length, -1); }
ssize_t pwrite(int fd, const void *data, size_t length, off_t at) { return counted_write(fd, data, length, at); }
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at) { return counted_write(fd, data, length, at); }

static ssize_t gathered(int fd, const struct iovec *parts, int count, int flags) {
    size_t total = 0, at = 0;
    for (int i = 0; i < count; i++) total += parts[i].iov_len;
    char *all = malloc(total ? total : 1);
    for (int i = 0; i < count; i++) { memcpy(all + at, parts[i].iov_base, parts[i].iov_len); at += parts[i].iov_len; }
    ssize_t done;
    char path[PATH_MAX];
    enum class what = class_of(fd, path);
    if (what == NET) {
        int told = point(what, path, 1);
        if (told == 2) { syscall(SYS_sendto, fd, all, total * torn / 100, MSG_NOSIGNAL, NULL, 0); die(); }
        if (told == 1 && total > 1) total /= 2;
        if (told != -1) journal_send(fd, all, total);
        done = told == -1 ? -1 : syscall(SYS_sendto, fd, all, total, flags | MSG_NOSIGNAL, NULL, 0);
    } else done = counted_write(fd, all, total, -1);
    int kept = errno;
    free(all);
    errno = kept;
    return done;
}

ssize_t writev(int fd, const struct iovec *parts, int count) { return gathered(fd, parts, count, 0); }
ssize_t send(int fd, const void *data, size_t length, int flags) {
    struct iovec one = {(void *)data, length};
    char path[PATH_MAX];
    if (class_of(fd, path) != NET) return syscall(SYS_sendto, fd, data, length, flags, NULL, 0);
    return gathered(fd, &one, 1, flags);
}
ssize_t sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *to, socklen_t size) {
    if (to) return syscall(SYS_sendto, fd, data, length, flags, to, size);
    return send(fd, data, length, flags);
}
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    char path[PATH_MAX];
    if (class_of(fd, path) != NET || message->msg_name) return syscall(SYS_sendmsg, fd, message, flags);
    return gathered(fd, message->msg_iov, (int)message->msg_iovlen, flags);
}

static int counted_sync(int fd, long number) {
    char path[PATH_MAX];
    enum class what = class_of(fd, path);
    if (point(what, path, 0) == -1) return -1;
    if (what == FILES && nosync[0] && (nosync[0] == '*' || strstr(path, nosync))) return 0;
    int done = (int)syscall(number, fd);
    if (!done && what == FILES) journal_path('S', path, 0);
    return done;
}
int fsync(int fd) { return counted_sync(fd, SYS_fsync); }
int fdatasync(int fd) { return counted_sync(fd, SYS_fdatasync); }

static int counted_truncate(int fd, off64_t length) {
    char path[PATH_MAX];
    enum class what = class_of(fd, path);
    if (point(what, path, 0) == -1) return -1;
    int done = (int)syscall(SYS_ftruncate, fd, length);
    if (!done && what == FILES) journal_path('T', path, length);
    return done;
}
int ftruncate(int fd, off_t length) { return counted_truncate(fd, length); }
int ftruncate64(int fd, off64_t length) { return counted_truncate(fd, length); }

int rename(const char *from, const char *to) {
    char first[PATH_MAX], second[PATH_MAX];
    enum class what = class_of_path(from, first);
    class_of_path(to, second);
    if (point(what, second, 0) == -1) return -1;
    int done = (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
    if (!done && what == FILES) { journal_path('R', first, 0); journal_path('r', second, 0); }
    return done;
}
int unlink(const char *given) {
    char path[PATH_MAX];
    enum class what = class_of_path(given, path);
    if (point(what, path, 0) == -1) return -1;
    int done = (int)syscall(SYS_unlinkat, AT_FDCWD, given, 0);
    if (!done && what == FILES) journal_path('U', path, 0);
    return done;
}

static int counted_open(const char *given, int flags, mode_t mode) {
    char path[PATH_MAX];
    struct stat about;
    enum class what = (flags & O_CREAT) && stat(given, &about) ? class_of_path(given, path) : NONE;
    if (what == FILES && point(what, path, 0) == -1) return -1;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, given, flags, mode);
    if (fd >= 0 && (flags & O_TRUNC) && class_of(fd, path) == FILES) journal_path('T', path, 0);
    return fd;
}
int open(const char *path, int flags, ...) {
    va_list more; va_start(more, flags); mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; va_end(more);
    return counted_open(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    va_list more; va_start(more, flags); mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; va_end(more);
    return counted_open(path, flags, mode);
}
