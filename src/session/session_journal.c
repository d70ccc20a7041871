/* The journal: a session file that grows by two rows at every state. */
#include "session/session_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "session/xalloc.h"

static bool journal_refuse(char *err, const char *path, const char *why) {
    snprintf(err, ERROR_LEN, "%.200s: %s", path, why);
    return false;
}

/* The header line, or NULL when memory is short; the caller frees it. */
static char *header_text(size_t *length) {
    char *text = NULL;
    FILE *out = open_memstream(&text, length);
    if (!out)
        return NULL;
    session_write_header(out);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* Appending other columns under an old header would make a file that lies. */
static bool journal_check_header(FILE *in, const char *path, char *err) {
    size_t length = 0;
    char *want = header_text(&length);
    bool same = want != NULL;
    for (size_t i = 0; same && i < length; i++)
        same = getc(in) == (unsigned char)want[i];
    free(want);
    if (!same)
        snprintf(err, ERROR_LEN,
                 "%.200s:1: the header is not that of a session file of this version; the journal is left as "
                 "it is, "
                 "choose another file",
                 path);
    return same;
}

/* A file cut off in mid-line (a crash, a full disk) must not get new rows behind the stump. */
static bool journal_check_end(FILE *in, const char *path, char *err) {
    long lines = 0;
    int last = '\n', ch;
    rewind(in);
    while ((ch = getc(in)) != EOF) {
        lines += ch == '\n';
        last = ch;
    }
    if (last != '\n')
        snprintf(err, ERROR_LEN,
                 "%.200s:%ld: the last line is cut off; the journal is left as it is: delete line %ld (for "
                 "example "
                 "with sed -i '$d'), or choose another file",
                 path, lines + 1, lines + 1);
    return last == '\n';
}

/* An existing journal: `*count` becomes the number of its last state. */
static bool journal_check_file(const char *path, struct catalog *c, size_t *count, char *err) {
    struct session_scan scan = {.visit = NULL};
    FILE *in = fopen(path, "r");
    if (!in)
        return journal_refuse(err, path, strerror(errno));
    bool ok = journal_check_header(in, path, err) && journal_check_end(in, path, err);
    if (ok) {
        rewind(in);
        ok = session_scan_file(in, path, c, &scan, err);
    }
    fclose(in);
    *count = ok ? (size_t)scan.last_state : 0;
    return ok;
}

/* All of the text or, if the disk says no, nothing of it: a stump would spoil what comes later. */
static bool journal_append(int fd, const char *text, size_t length) {
    struct stat before;
    if (fstat(fd, &before) != 0)
        return false;
    for (size_t done = 0; done < length;) {
        ssize_t n = write(fd, text + done, length - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            int why = errno;
            if (ftruncate(fd, before.st_size) != 0)
                why = errno;
            errno = why;
            return false;
        }
        done += (size_t)n;
    }
    return true;
}

static bool journal_append_header(int fd) {
    size_t length = 0;
    char *text = header_text(&length);
    bool ok = text && journal_append(fd, text, length);
    free(text);
    return ok;
}

/* Two programs that append to one file would number their states alike and mix their rows. The lock goes with the
 * descriptor, so a crash leaves none behind; a file system without locks has to do without. */
static bool journal_lock(int fd, const char *path, char *err) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return true;
    return journal_refuse(err, path, "another moescope writes this journal; leave that one, or choose another file");
}

/* Under the lock: an empty file gets the header, any other must be a session file. */
static bool journal_begin(int fd, struct catalog *c, const char *path, size_t *count, char *err) {
    struct stat st;
    if (!journal_lock(fd, path, err))
        return false;
    if (fstat(fd, &st) != 0)
        return journal_refuse(err, path, strerror(errno));
    if (st.st_size > 0)
        return journal_check_file(path, c, count, err);
    return journal_append_header(fd) || journal_refuse(err, path, strerror(errno));
}

bool session_journal(struct session *s, struct catalog *c, const char *path, char *err) {
    struct stat st;
    size_t count = 0;

    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return journal_refuse(err, path, "is no regular file; choose another one for the journal");
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return journal_refuse(err, path, strerror(errno));
    if (!journal_begin(fd, c, path, &count, err)) {
        close(fd);
        return false;
    }
    if (s->journal_path)
        close(s->journal);
    free(s->journal_path);
    s->journal = fd;
    s->journal_path = xcalloc(strlen(path) + 1, 1);
    memcpy(s->journal_path, path, strlen(path));
    s->journal_next = s->n_states - 1;
    s->journal_count = count;
    return true;
}

/* Rows of one state go out in one write, so that a crash between them is unlikely. */
static bool journal_write_state(struct session *s, struct catalog *c, struct load_cache *cache, char *err) {
    char *text = NULL;
    size_t length = 0;
    FILE *buffer = open_memstream(&text, &length);
    bool ok = buffer && session_write_state(s, s->journal_next, s->journal_count + 1, c, cache, buffer, err);
    if (!buffer || (fclose(buffer) != 0 && ok))
        ok = journal_refuse(err, s->journal_path, "no memory for a state");
    if (ok && !journal_append(s->journal, text, length))
        ok = journal_refuse(err, s->journal_path, strerror(errno));
    free(text);
    return ok;
}

bool session_journal_flush(struct session *s, struct catalog *c, struct load_cache *cache, char *err) {
    if (!s->journal_path)
        return true;
    while (s->journal_next < s->n_states) {
        if (!journal_write_state(s, c, cache, err))
            return false;
        s->journal_next++;
        s->journal_count++;
        s->n_saved = s->journal_next > s->n_saved ? s->journal_next : s->n_saved;
    }
    return true;
}
