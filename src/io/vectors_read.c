// SPDX-License-Identifier: Apache-2.0
/* Vector files: the reading half of vectors.h. */
#include "vectors.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lines.h"
#include "memory.h"

enum { PREFIX_BYTES = 128, MOST_NUMBER_BYTES = 32, LONG_ENOUGH = 32, MOST_SHOWN = 40 };

/* Words as they come; becomes a wordlist at the end. */
typedef struct {
    char *bytes;
    int64_t *offsets; /* [n + 1] once n > 0 */
    int64_t n;
    size_t n_bytes, bytes_room, offsets_room;
} names;

typedef struct {
    vectors *v;
    const char *path;
    int64_t size; /* of the file */
    int64_t n;    /* rows that there must be */
    names names;
} reader;

void vectors_clear(vectors *v) {
    wordlist_clear(&v->words);
    mem_free(&v->rows);
    *v = (vectors){0};
}

/* ---- places and checks */

/* "file:line" or "file: row n" of row i. */
static void name_place(const reader *r, int64_t i, char *text, size_t size) {
    switch (r->v->format) {
    case VECTORS_WORD2VEC_TEXT:
        snprintf(text, size, "%s:%" PRId64, r->path, i + 2);
        break;
    case VECTORS_GLOVE:
        snprintf(text, size, "%s:%" PRId64, r->path, i + 1);
        break;
    case VECTORS_NPY:
        snprintf(text, size, "%s.words.txt:%" PRId64, r->path, i + 1);
        break;
    default:
        snprintf(text, size, "%s: row %" PRId64, r->path, i + 1);
    }
}

static status bad_row(const reader *r, int64_t i, const char *what) {
    char place[STATUS_MESSAGE / 2];
    name_place(r, i, place, sizeof place);
    return status_error(STATUS_INPUT, "%s: %s", place, what);
}

/* NULL, or what is wrong with a word. */
static const char *word_fault(const char *word, size_t n) {
    if (!n)
        return "the word is empty";
    for (size_t i = 0; i < n; i++)
        if (!word[i] || strchr(" \t\n\v\f\r", word[i]))
            return "the word has white space or a NUL byte in it";
    return lines_is_utf8(word, n) ? NULL : "the word is not valid UTF-8";
}

static status names_room(names *w, size_t more) {
    status s = mem_grow(&w->bytes, &w->bytes_room, w->n_bytes + more + 1, 1, "words");
    return s.code ? s
                  : mem_grow(&w->offsets, &w->offsets_room, (size_t)w->n + 2, sizeof *w->offsets,
                             "words");
}

/* The bytes are there, behind those of the words before: they are a word now. */
static status names_close(reader *r, size_t length) {
    names *w = &r->names;
    const char *fault = word_fault(w->bytes + w->n_bytes, length);
    if (fault)
        return bad_row(r, w->n, fault);
    w->offsets[0] = 0;
    w->n_bytes += length;
    w->offsets[++w->n] = (int64_t)w->n_bytes;
    return status_ok();
}

static status names_add(reader *r, const char *word, size_t length) {
    status s = names_room(&r->names, length);
    if (s.code)
        return s;
    memcpy(r->names.bytes + r->names.n_bytes, word, length);
    return names_close(r, length);
}

static status refuse_repeated(const reader *r) {
    const wordlist *words = &r->v->words;
    wordindex *index;
    status s = wordindex_create(&index, words, 0);
    for (int64_t i = 0; i < words->n && !s.code; i++) {
        size_t n;
        const char *word = wordlist_word(words, i, &n);
        int64_t first = wordindex_find(index, word, n);
        if (first == i)
            continue;
        char what[128];
        snprintf(what, sizeof what, "the word %.*s is there already, as row %" PRId64,
                 n > MOST_SHOWN ? MOST_SHOWN : (int)n, word, first + 1);
        s = bad_row(r, i, what);
    }
    wordindex_destroy(&index);
    return s;
}

static status names_finish(reader *r) {
    wordlist *words = &r->v->words;
    status s = wordlist_init(words, r->n, (int64_t)r->names.n_bytes);
    if (s.code)
        return s;
    memcpy(words->bytes, r->names.bytes, r->names.n_bytes);
    memcpy(words->offsets, r->names.offsets, ((size_t)r->n + 1) * sizeof *words->offsets);
    words->n = r->n;
    return refuse_repeated(r);
}

/* A header's promise against what a file of this size can hold: least bytes of a row. */
static status start_rows(reader *r, int64_t n, int64_t dim, int64_t least_row) {
    if (n < 1 || dim < 1)
        return status_error(STATUS_INPUT,
                            "%s: no vectors in it (%" PRId64 " rows of %" PRId64 " numbers)",
                            r->path, n, dim);
    int64_t needed;
    if (n > INT32_MAX || __builtin_mul_overflow(n, least_row, &needed) || needed > r->size + 1)
        return status_error(STATUS_INPUT,
                            "%s: its header says %" PRId64 " rows of %" PRId64
                            " numbers, more than its %" PRId64 " bytes can hold",
                            r->path, n, dim, r->size);
    r->n = n;
    r->v->dim = dim;
    return mem_new(&r->v->rows, (size_t)n * (size_t)dim, sizeof(float), "the vectors");
}

static status refuse_infinite(const reader *r, int64_t i) {
    const float *row = r->v->rows + i * r->v->dim;
    for (int64_t j = 0; j < r->v->dim; j++)
        if (!isfinite(row[j])) {
            char what[80];
            snprintf(what, sizeof what, "number %" PRId64 " of the vector is not finite", j + 1);
            return bad_row(r, i, what);
        }
    return status_ok();
}

/* ---- text */

/* "V dim" and nothing else. */
static bool parse_header(const char *line, int64_t *n, int64_t *dim) {
    char *end;
    for (int i = 0; i < 2; i++) {
        line += strspn(line, " \t");
        if (*line < '0' || *line > '9')
            return false;
        errno = 0;
        *(i ? dim : n) = strtoll(line, &end, 10);
        if (errno)
            *(i ? dim : n) = INT64_MAX / 8;
        line = end;
    }
    return line[strspn(line, " \t\r")] == '\0';
}

/* At least one row of text: a letter, and blank and digit for each number. */
static int64_t least_text_row(int64_t dim) {
    return dim > INT64_MAX / 8 ? INT64_MAX / 4 : 1 + 2 * dim;
}

static int64_t least_binary_row(int64_t dim) {
    return dim > INT64_MAX / 8 ? INT64_MAX / 4 : 2 + 4 * dim;
}

static status wrong_length(const reader *r, int64_t i, int64_t expected, int64_t found) {
    char what[96];
    snprintf(what, sizeof what, "a word and %" PRId64 " numbers expected, %" PRId64 " found",
             expected, found);
    return bad_row(r, i, what);
}

static status parse_row(reader *r, int64_t i, char *line) {
    float *row = r->v->rows + i * r->v->dim;
    char *field, *end, *word = lines_field(&line);
    int64_t n = 0;
    status s = names_add(r, word ? word : "", word ? strlen(word) : 0);
    if (s.code)
        return s;
    for (; (field = lines_field(&line)); n++) {
        float x = strtof(field, &end);
        if (*end) {
            char what[96];
            snprintf(what, sizeof what, "%.*s is not a number", MOST_SHOWN, field);
            return bad_row(r, i, what);
        }
        if (n < r->v->dim)
            row[n] = x;
    }
    return n == r->v->dim ? refuse_infinite(r, i) : wrong_length(r, i, r->v->dim, n);
}

static int64_t count_numbers(char *line) {
    int64_t fields = 0;
    while (lines_field(&line))
        fields++;
    return fields ? fields - 1 : 0;
}

/* Rows = lines, dim = numbers on the first line. A line too short for as many is refused here,
 * so that n x dim is bounded by the size of the file. */
static status measure_text(const reader *r, int64_t *n, int64_t *dim) {
    lines *l;
    char *line;
    size_t length;
    *n = *dim = 0;
    status s = lines_open(&l, r->path);
    while (!s.code && !(s = lines_next(l, &line, &length)).code && line) {
        if (++*n == 1)
            *dim = count_numbers(line);
        else if ((int64_t)length < least_text_row(*dim))
            s = wrong_length(r, *n - 1, *dim, count_numbers(line));
    }
    lines_close(&l);
    return s;
}

static status skip_header(const reader *r, lines *l, int64_t *n, int64_t *dim) {
    char *line;
    size_t length;
    status s = lines_next(l, &line, &length);
    if (!s.code && (!line || !parse_header(line, n, dim)))
        s = status_error(STATUS_INPUT,
                         "%s:1: the number of words and the number of columns expected", r->path);
    return s;
}

static status read_text(reader *r) {
    bool has_header = r->v->format == VECTORS_WORD2VEC_TEXT;
    int64_t n, dim, i = 0;
    lines *l;
    status s = lines_open(&l, r->path);
    if (!s.code)
        s = has_header ? skip_header(r, l, &n, &dim) : measure_text(r, &n, &dim);
    if (!s.code)
        s = start_rows(r, n, dim, least_text_row(dim));
    while (!s.code) {
        char *line;
        size_t length;
        s = lines_next(l, &line, &length);
        if (s.code || !line)
            break;
        s = i < r->n ? parse_row(r, i, line) : bad_row(r, i, "a row more than the header says");
        i++;
    }
    lines_close(&l);
    if (!s.code && i < r->n)
        s = bad_row(r, i, "the file is cut short: its header says there are more rows");
    return s;
}

/* ---- binary */

static status cut_short(const reader *r, FILE *f, int64_t i) {
    if (ferror(f))
        return status_errno(errno, "cannot read", r->path);
    return status_error(STATUS_INPUT,
                        "%s: the file is cut short: it ends at byte %" PRId64 ", in row %" PRId64
                        " of %" PRId64,
                        r->path, r->size, i + 1, r->n);
}

static status read_binary_row(reader *r, FILE *f, int64_t i) {
    names *w = &r->names;
    size_t length = 0, columns = (size_t)r->v->dim;
    int c = getc(f);
    while (c == '\n') /* some writers end a row with it, some do not */
        c = getc(f);
    for (; c != EOF && c != ' '; c = getc(f)) {
        status s = names_room(w, length + 1);
        if (s.code)
            return s;
        w->bytes[w->n_bytes + length++] = (char)c;
    }
    if (c == EOF)
        return cut_short(r, f, i);
    status s = names_room(w, length);
    if (!s.code)
        s = names_close(r, length);
    if (s.code)
        return s;
    if (fread(r->v->rows + (size_t)i * columns, sizeof(float), columns, f) != columns)
        return cut_short(r, f, i);
    return refuse_infinite(r, i);
}

static status refuse_more(const reader *r, FILE *f) {
    int c = getc(f);
    while (c == '\n')
        c = getc(f);
    if (c == EOF)
        return status_ok();
    return status_error(STATUS_INPUT, "%s: it goes on after its %" PRId64 " rows", r->path, r->n);
}

static status read_binary(reader *r) {
    char header[PREFIX_BYTES];
    int64_t n, dim;
    FILE *f = fopen(r->path, "rb");
    if (!f)
        return status_errno(errno, "cannot open", r->path);
    status s;
    if (!fgets(header, sizeof header, f) || !strchr(header, '\n') ||
        (header[strcspn(header, "\n")] = '\0', !parse_header(header, &n, &dim)))
        s = status_error(STATUS_INPUT,
                         "%s: it does not begin with the number of words and the "
                         "number of columns",
                         r->path);
    else
        s = start_rows(r, n, dim, least_binary_row(dim));
    for (int64_t i = 0; i < r->n && !s.code; i++)
        s = read_binary_row(r, f, i);
    if (!s.code)
        s = refuse_more(r, f);
    fclose(f);
    return s;
}

/* ---- npy */

/* Rows and columns from the dict of the header; NULL or what is wrong with it. */
static const char *parse_npy(const char *dict, int64_t *n, int64_t *dim) {
    const char *descr = strstr(dict, "'descr'"), *order = strstr(dict, "'fortran_order'"),
               *shape = strstr(dict, "'shape'");
    if (!descr || !order || !shape)
        return "its header is damaged";
    char type[16], truth[8];
    if (sscanf(descr, "'descr' : '%15[^']'", type) != 1 || strcmp(type, "<f4"))
        return "its numbers must be little-endian float32 ('<f4')";
    if (sscanf(order, "'fortran_order' : %7[A-Za-z]", truth) != 1 || strcmp(truth, "False"))
        return "its rows must be stored one after the other (fortran_order False)";
    char end;
    if (sscanf(shape, "'shape' : ( %15" SCNd64 " , %15" SCNd64 " %c", n, dim, &end) != 3 ||
        end != ')')
        return "it must have two dimensions: words, columns";
    return NULL;
}

static const char *read_npy_header(FILE *f, int64_t size, int64_t *n, int64_t *dim, int64_t *data) {
    unsigned char start[12];
    char dict[4096] = "";
    if (fread(start, 1, 10, f) != 10 || memcmp(start, "\x93NUMPY", 6))
        return "it is not a NumPy file";
    size_t length = start[8] + 256u * start[9], before = 10;
    if (start[6] > 1) {
        if (fread(start + 10, 1, 2, f) != 2)
            return "its header is damaged";
        length += 65536u * start[10] + 16777216u * start[11];
        before = 12;
    }
    if (length >= sizeof dict || (int64_t)(before + length) > size ||
        fread(dict, 1, length, f) != length)
        return "its header is damaged";
    *data = (int64_t)(before + length);
    return parse_npy(dict, n, dim);
}

static status read_npy_words(reader *r) {
    char *path, *line;
    size_t length, n = strlen(r->path) + sizeof ".words.txt";
    lines *l = NULL;
    status s = mem_new(&path, n, 1, "a path");
    if (!s.code) {
        snprintf(path, n, "%s.words.txt", r->path);
        s = lines_open(&l, path);
    }
    while (!s.code && !(s = lines_next(l, &line, &length)).code && line)
        s = names_add(r, line, length);
    lines_close(&l);
    if (!s.code && r->names.n != r->n)
        s = status_error(STATUS_INPUT, "%s: %" PRId64 " words for %" PRId64 " rows in %s", path,
                         r->names.n, r->n, r->path);
    mem_free(&path);
    return s;
}

static status read_npy(reader *r) {
    FILE *f = fopen(r->path, "rb");
    if (!f)
        return status_errno(errno, "cannot open", r->path);
    int64_t n, dim, data = 0;
    const char *fault = read_npy_header(f, r->size, &n, &dim, &data);
    status s = fault ? status_error(STATUS_INPUT, "%s: %s", r->path, fault)
                     : start_rows(r, n, dim, 4 * dim);
    if (!s.code && data + 4 * n * dim != r->size)
        s = status_error(STATUS_INPUT,
                         "%s: %" PRId64 " bytes expected for %" PRId64 " rows of %" PRId64
                         " numbers, the file has %" PRId64,
                         r->path, data + 4 * n * dim, n, dim, r->size);
    size_t all = (size_t)r->n * (size_t)r->v->dim;
    if (!s.code && fread(r->v->rows, sizeof(float), all, f) != all)
        s = cut_short(r, f, 0);
    fclose(f);
    if (!s.code)
        s = read_npy_words(r);
    for (int64_t i = 0; i < r->n && !s.code; i++)
        s = refuse_infinite(r, i);
    return s;
}

/* ---- what a file is */

/* Whether bytes that follow a header are the first row of a text file, maybe a broken one: numbers
 * behind a word, or a long stretch of printable text, which floats never are. bytes[n] exists. */
static bool looks_like_text(char *bytes, size_t n) {
    size_t blank = 0, line = 0;
    while (blank < n && (bytes[blank] == '\n' || bytes[blank] == '\r'))
        blank++;
    bytes += blank;
    n -= blank;
    while (line < n && bytes[line] != '\n')
        line++;
    bytes[line] = '\0';
    bool printable = line >= LONG_ENOUGH;
    for (size_t i = 0; i < line; i++) {
        if (!bytes[i])
            return false;
        printable = printable && (bytes[i] == '\t' || bytes[i] == '\r' || bytes[i] >= ' ');
    }
    if (printable)
        return true;
    char *field = lines_field(&bytes), *end;
    int numbers = 0;
    for (; field && (field = lines_field(&bytes)); numbers++) {
        (void)strtof(field, &end);
        if (*end && *end != '\r')
            return false;
    }
    return numbers > 0;
}

/* A file that begins with a header: text or binary, by its first row. */
static status tell_word2vec(const reader *r, FILE *f, long row, int64_t dim,
                            vectors_format *format) {
    int64_t most = r->size - row;
    if (dim < most / MOST_NUMBER_BYTES - PREFIX_BYTES)
        most = (dim + PREFIX_BYTES) * MOST_NUMBER_BYTES;
    char *bytes;
    status s = mem_new(&bytes, (size_t)most + 1, 1, "the first row");
    if (s.code)
        return s;
    fseek(f, row, SEEK_SET);
    size_t n = fread(bytes, 1, (size_t)most, f);
    *format = looks_like_text(bytes, n) ? VECTORS_WORD2VEC_TEXT : VECTORS_WORD2VEC_BIN;
    mem_free(&bytes);
    return s;
}

static status tell_format(const reader *r, vectors_format *format) {
    char prefix[PREFIX_BYTES + 1] = "";
    int64_t n, dim;
    status s = status_ok();
    FILE *f = fopen(r->path, "rb");
    if (!f)
        return status_errno(errno, "cannot open", r->path);
    size_t size = fread(prefix, 1, PREFIX_BYTES, f);
    prefix[size] = '\0';
    char *line_feed = memchr(prefix, '\n', size);
    bool is_text = size && !memchr(prefix, '\0', size) && (prefix[0] & 0xFF) != 0x89 &&
                   (prefix[0] & 0xFF) != 0x1F && memcmp(prefix, "\x28\xB5\x2F\xFD", 4);
    if (line_feed)
        *line_feed = '\0';
    if (size >= 6 && !memcmp(prefix, "\x93NUMPY", 6))
        *format = VECTORS_NPY;
    else if (line_feed && parse_header(prefix, &n, &dim))
        s = tell_word2vec(r, f, line_feed + 1 - prefix, dim, format);
    else if (is_text)
        *format = VECTORS_GLOVE;
    else
        s = status_error(STATUS_INPUT,
                         "%s: not a vector file (word2vec binary or text, GloVe text, NumPy); "
                         "unpack it first if it is compressed",
                         r->path);
    fclose(f);
    return s;
}

static status measure_file(reader *r) {
    struct stat info;
    if (stat(r->path, &info))
        return status_errno(errno, "cannot open", r->path);
    if (!S_ISREG(info.st_mode))
        return status_error(STATUS_INPUT, "%s: not a regular file", r->path);
    if (!info.st_size)
        return status_error(STATUS_INPUT, "%s: the file is empty", r->path);
    r->size = (int64_t)info.st_size;
    return status_ok();
}

status vectors_read(vectors *v, const char *path, vectors_format format) {
    *v = (vectors){.format = format};
    reader r = {.v = v, .path = path};
    status s = measure_file(&r);
    if (!s.code && format == VECTORS_AUTO)
        s = tell_format(&r, &v->format);
    if (!s.code && v->format == VECTORS_WORD2VEC_BIN)
        s = read_binary(&r);
    else if (!s.code && v->format == VECTORS_NPY)
        s = read_npy(&r);
    else if (!s.code)
        s = read_text(&r);
    if (!s.code)
        s = names_finish(&r);
    mem_free(&r.names.bytes);
    mem_free(&r.names.offsets);
    return s;
}
