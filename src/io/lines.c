// SPDX-License-Identifier: Apache-2.0
#include "lines.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <utf8proc.h>

#include "memory.h"

enum { READ_BYTES = 1 << 16 };

struct lines {
    int file;
    char *path;
    char *bytes; /* [begin, end) is read and not yet given */
    size_t begin, end, capacity;
    int64_t number;
    bool at_end;
};

status lines_open(lines **l, const char *path) {
    status s = mem_new(l, 1, sizeof **l, "a line reader");
    if (s.code)
        return s;
    (*l)->file = -1;
    if ((s = mem_string(&(*l)->path, path)).code)
        return s;
    (*l)->file = open(path, O_RDONLY | O_CLOEXEC);
    return (*l)->file < 0 ? status_errno(errno, "cannot open", path) : status_ok();
}

void lines_close(lines **l) {
    if (!*l)
        return;
    if ((*l)->file >= 0)
        close((*l)->file);
    mem_free(&(*l)->path);
    mem_free(&(*l)->bytes);
    mem_free(l);
}

/* Read on behind end; one byte stays free for the terminator of a last line. */
static status read_more(lines *l) {
    if (l->begin) {
        memmove(l->bytes, l->bytes + l->begin, l->end - l->begin);
        l->end -= l->begin;
        l->begin = 0;
    }
    status s = mem_grow(&l->bytes, &l->capacity, l->end + READ_BYTES + 1, 1, "a line of text");
    if (s.code)
        return s;
    ssize_t n;
    do
        n = read(l->file, l->bytes + l->end, READ_BYTES);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return status_errno(errno, "cannot read", l->path);
    l->end += (size_t)n;
    l->at_end = n == 0;
    return status_ok();
}

/* Bytes up to the end of the last byte order mark before the text; blanks may be between. */
static size_t marks_before(const char *line, size_t n) {
    size_t at = 0, end = 0;
    while (at < n)
        if (line[at] == ' ' || line[at] == '\t')
            at++;
        else if (n - at >= 3 && !memcmp(line + at, "\xEF\xBB\xBF", 3))
            end = at += 3;
        else
            break;
    return end;
}

status lines_next(lines *l, char **text, size_t *length) {
    char *line_feed = NULL;
    size_t searched = 0;
    *text = NULL;
    for (;;) {
        if (l->end > l->begin + searched)
            line_feed = memchr(l->bytes + l->begin + searched, '\n', l->end - l->begin - searched);
        if (line_feed || l->at_end)
            break;
        searched = l->end - l->begin;
        status s = read_more(l);
        if (s.code)
            return s;
    }
    if (l->begin == l->end)
        return status_ok();
    char *start = l->bytes + l->begin;
    size_t n = line_feed ? (size_t)(line_feed - start) : l->end - l->begin;
    l->begin += n + (line_feed != NULL);
    if (n && start[n - 1] == '\r')
        n--;
    start[n] = '\0';
    const size_t marks = l->number++ == 0 ? marks_before(start, n) : 0;
    start += marks;
    n -= marks;
    if (memchr(start, '\0', n))
        return status_error(STATUS_INPUT, "%s:%lld: a NUL byte; this is not a text file", l->path,
                            (long long)l->number);
    *text = start;
    *length = n;
    return status_ok();
}

int64_t lines_number(const lines *l) {
    return l->number;
}

bool lines_is_utf8(const char *text, size_t length) {
    utf8proc_int32_t point;
    for (size_t at = 0; at < length;) {
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text + at,
                                              (utf8proc_ssize_t)(length - at), &point);
        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    return true;
}

char *lines_field(char **text) {
    char *field = *text + strspn(*text, " \t");
    if (!*field)
        return NULL;
    char *end = field + strcspn(field, " \t");
    *text = *end ? end + 1 : end;
    *end = '\0';
    return field;
}
