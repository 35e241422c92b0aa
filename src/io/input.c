// SPDX-License-Identifier: Apache-2.0
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"

input_coding input_coding_of(const uint8_t *bytes, size_t n) {
    static const uint8_t gzip[] = {0x1F, 0x8B}, zstd[] = {0x28, 0xB5, 0x2F, 0xFD};
    if (n >= sizeof gzip && !memcmp(bytes, gzip, sizeof gzip))
        return INPUT_GZIP;
    if (n < sizeof zstd)
        return INPUT_PLAIN;
    /* A skippable frame (0x184D2A50 to ..5F) may stand before the first frame of zstd data. */
    int skippable = (bytes[0] & 0xF0) == 0x50 && !memcmp(bytes + 1, "\x2A\x4D\x18", 3);
    return skippable || !memcmp(bytes, zstd, sizeof zstd) ? INPUT_ZSTD : INPUT_PLAIN;
}

/* ---- the list */

static status append(input_list *list, const char *path, int64_t bytes, input_coding coding) {
    status s = mem_grow(&list->files, &list->capacity, (size_t)list->n + 1, sizeof *list->files,
                        "the list of input files");
    if (s.code)
        return s;
    input_file *file = &list->files[list->n];
    *file = (input_file){.bytes = bytes, .coding = coding};
    s = mem_string(&file->path, path);
    if (!s.code)
        list->n++;
    return s;
}

static status add_regular(input_list *list, const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return status_errno(errno, "cannot open", path);
    struct stat info;
    uint8_t magic[4];
    ssize_t got = fstat(fd, &info) ? -1 : pread(fd, magic, sizeof magic, 0);
    int error = errno;
    close(fd);
    if (got < 0)
        return status_errno(error, "cannot read", path);
    return append(list, path, info.st_size, input_coding_of(magic, (size_t)got));
}

static int compare_names(const FTSENT **a, const FTSENT **b) {
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static status add_entry(input_list *list, FTS *walk, FTSENT *entry) {
    if (entry->fts_level > 0 && entry->fts_name[0] == '.') {
        fts_set(walk, entry, FTS_SKIP);
        return status_ok();
    }
    switch (entry->fts_info) {
    case FTS_F:
        return add_regular(list, entry->fts_path);
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        return status_errno(entry->fts_errno, "cannot read", entry->fts_path);
    case FTS_SLNONE:
        return status_errno(ENOENT, "cannot follow the link", entry->fts_path);
    case FTS_DC:
        return status_error(STATUS_INPUT, "%s: this directory contains itself through a link",
                            entry->fts_path);
    default: /* directories on the way, and what is neither file nor directory */
        return status_ok();
    }
}

static status add_directory(input_list *list, const char *path) {
    int64_t before = list->n;
    char *root = NULL;
    status s = mem_string(&root, path);
    if (s.code)
        return s;
    char *const roots[] = {root, NULL};
    FTS *walk = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, compare_names);
    if (!walk)
        s = status_errno(errno, "cannot read", path);
    while (walk && !s.code) {
        errno = 0;
        FTSENT *entry = fts_read(walk);
        if (entry)
            s = add_entry(list, walk, entry);
        else if (errno)
            s = status_errno(errno, "cannot read", path);
        if (!entry)
            break;
    }
    if (walk)
        fts_close(walk);
    mem_free(&root);
    if (!s.code && list->n == before)
        return status_error(STATUS_INPUT, "%s: no files in this directory", path);
    return s;
}

static status add_path(input_list *list, const char *path) {
    struct stat info;
    if (stat(path, &info))
        return status_errno(errno, "cannot open", path);
    if (S_ISDIR(info.st_mode))
        return add_directory(list, path);
    if (S_ISREG(info.st_mode))
        return add_regular(list, path);
    return append(list, path, -1, INPUT_PLAIN);
}

static int compare_paths(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static status add_pattern(input_list *list, const char *pattern) {
    glob_t found;
    int failed = glob(pattern, GLOB_NOSORT, NULL, &found);
    if (failed == GLOB_NOMATCH)
        return status_error(STATUS_IO, "%s: no such file, and nothing matches it as a pattern",
                            pattern);
    if (failed)
        return status_error(STATUS_IO, "%s: cannot expand this pattern", pattern);
    qsort(found.gl_pathv, found.gl_pathc, sizeof *found.gl_pathv, compare_paths);
    status s = status_ok();
    for (size_t i = 0; i < found.gl_pathc && !s.code; i++)
        s = add_path(list, found.gl_pathv[i]);
    globfree(&found);
    return s;
}

static status add_stdin(input_list *list) {
    for (int64_t i = 0; i < list->n; i++)
        if (!strcmp(list->files[i].path, "-"))
            return status_error(STATUS_USAGE, "standard input (-) can be read only once");
    return append(list, "-", -1, INPUT_PLAIN);
}

status input_list_expand(input_list *list, int n, char *const *arguments) {
    *list = (input_list){0};
    if (n < 1)
        return status_error(STATUS_USAGE,
                            "no text given: name files, directories, patterns, or - for stdin");
    status s = status_ok();
    for (int i = 0; i < n && !s.code; i++) {
        const char *path = arguments[i];
        struct stat info;
        if (!strcmp(path, "-"))
            s = add_stdin(list);
        else if (strpbrk(path, "*?[") && stat(path, &info))
            s = add_pattern(list, path);
        else
            s = add_path(list, path);
    }
    return s;
}

void input_list_clear(input_list *list) {
    for (int64_t i = 0; i < list->n; i++)
        mem_free(&list->files[i].path);
    mem_free(&list->files);
    *list = (input_list){0};
}

/* ---- the list as bytes: for each file its size, coding, and path with the final zero */

enum { PACK_HEAD = sizeof(int64_t) + 1 };

status input_list_pack(const input_list *list, uint8_t **bytes, size_t *n) {
    *n = 0;
    for (int64_t i = 0; i < list->n; i++)
        *n += PACK_HEAD + strlen(list->files[i].path) + 1;
    status s = mem_new(bytes, *n, 1, "the list of input files");
    if (s.code)
        return s;
    uint8_t *out = *bytes;
    for (int64_t i = 0; i < list->n; i++) {
        const input_file *file = &list->files[i];
        size_t length = strlen(file->path) + 1;
        memcpy(out, &file->bytes, sizeof file->bytes);
        out[sizeof file->bytes] = (uint8_t)file->coding;
        memcpy(out + PACK_HEAD, file->path, length);
        out += PACK_HEAD + length;
    }
    return status_ok();
}

status input_list_unpack(input_list *list, const uint8_t *bytes, size_t n) {
    *list = (input_list){0};
    status s = status_ok();
    for (size_t at = 0; at < n && !s.code;) {
        int64_t size;
        memcpy(&size, bytes + at, sizeof size);
        const char *path = (const char *)bytes + at + PACK_HEAD;
        s = append(list, path, size, (input_coding)bytes[at + sizeof size]);
        at += PACK_HEAD + strlen(path) + 1;
    }
    return s;
}

/* ---- units */

static int is_splittable(const input_file *file) {
    return file->bytes >= 0 && file->coding == INPUT_PLAIN;
}

static int64_t count_units(const input_file *file) {
    return is_splittable(file) ? (file->bytes + INPUT_PIECE - 1) / INPUT_PIECE : 1;
}

status input_list_units(const input_list *list, input_unit **units, int64_t *n) {
    *n = 0;
    for (int64_t f = 0; f < list->n; f++)
        *n += count_units(&list->files[f]);
    status s = mem_new(units, (size_t)*n, sizeof **units, "the units of the input");
    if (s.code)
        return s;
    input_unit *unit = *units;
    for (int64_t f = 0; f < list->n; f++) {
        const input_file *file = &list->files[f];
        if (!is_splittable(file)) {
            *unit++ = (input_unit){.file = f, .begin = 0, .end = -1};
            continue;
        }
        for (int64_t b = 0; b < file->bytes; b += INPUT_PIECE) {
            int64_t end = file->bytes - b > INPUT_PIECE ? b + INPUT_PIECE : file->bytes;
            *unit++ = (input_unit){.file = f, .begin = b, .end = end};
        }
    }
    return status_ok();
}

static double weight(const input_list *list, const input_unit *unit) {
    if (unit->end >= 0)
        return (double)(unit->end - unit->begin);
    int64_t bytes = list->files[unit->file].bytes;
    return bytes < 0 ? INPUT_PIECE : 4.0 * (double)bytes + 1;
}

/* First unit of a rank: the first one whose middle lies in the rank's share of the weight. */
static int64_t first_unit(const input_list *list, const input_unit *units, int64_t n,
                          int64_t pinned, double total, double rank_share) {
    double before = 0;
    for (int64_t u = 0; u < n; u++) {
        double w = weight(list, &units[u]);
        if (u >= pinned && before + w / 2 >= total * rank_share)
            return u;
        before += w;
    }
    return n;
}

void input_share(const input_list *list, const input_unit *units, int64_t n, int rank, int size,
                 int64_t *begin, int64_t *end) {
    int64_t pinned = 0;
    double total = 0;
    for (int64_t u = 0; u < n; u++) {
        total += weight(list, &units[u]);
        if (list->files[units[u].file].bytes < 0)
            pinned = u + 1;
    }
    *begin = rank == 0 ? 0 : first_unit(list, units, n, pinned, total, (double)rank / size);
    *end =
        rank + 1 == size ? n : first_unit(list, units, n, pinned, total, (double)(rank + 1) / size);
}

static status check_file(const input_file *file) {
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return status_errno(errno, "cannot open", file->path);
    struct stat info;
    int failed = fstat(fd, &info), error = errno;
    close(fd);
    if (failed)
        return status_errno(error, "cannot open", file->path);
    if (info.st_size != file->bytes)
        return status_error(STATUS_IO,
                            "%s: %lld bytes here but %lld bytes for rank 0; all ranks must see "
                            "the same files",
                            file->path, (long long)info.st_size, (long long)file->bytes);
    return status_ok();
}

status input_check(const input_list *list, const input_unit *units, int64_t begin, int64_t end) {
    status s = status_ok();
    for (int64_t u = begin; u < end && !s.code; u++) {
        const input_file *file = &list->files[units[u].file];
        bool is_new = u == begin || units[u].file != units[u - 1].file;
        if (is_new && file->bytes >= 0)
            s = check_file(file);
    }
    return s;
}
