// SPDX-License-Identifier: Apache-2.0
#include "tokens.h"

#include <string.h>
#include <utf8proc.h>

#include "memory.h"

/* ---- validity */

/* Bytes of the valid character at raw[0], or 0 if there is none (a NUL counts as none). */
static size_t valid_length(const uint8_t *raw, size_t n) {
    if (raw[0] < 0x80)
        return raw[0] != 0;
    utf8proc_int32_t point;
    utf8proc_ssize_t length = utf8proc_iterate(raw, n < 4 ? (utf8proc_ssize_t)n : 4, &point);
    return length > 0 ? (size_t)length : 0;
}

/* Bytes of the longest beginning of a character at raw[0], where no whole one is: what one U+FFFD
 * replaces (The Unicode Standard, 3.9, "maximal subpart"). */
static size_t invalid_length(const uint8_t *raw, size_t n) {
    uint8_t lead = raw[0], low = 0x80, high = 0xBF;
    size_t whole = lead >= 0xF0 && lead <= 0xF4   ? 4
                   : lead >= 0xE0 && lead <= 0xEF ? 3
                   : lead >= 0xC2 && lead <= 0xDF ? 2
                                                  : 1;
    if (lead == 0xE0)
        low = 0xA0;
    else if (lead == 0xED)
        high = 0x9F;
    else if (lead == 0xF0)
        low = 0x90;
    else if (lead == 0xF4)
        high = 0x8F;
    size_t length = 1;
    while (length < whole && length < n && raw[length] >= low && raw[length] <= high) {
        low = 0x80;
        high = 0xBF;
        length++;
    }
    return length;
}

/* Bytes at the beginning that are ASCII without NUL, in whole groups of eight. */
static size_t skip_ascii(const uint8_t *raw, size_t n) {
    static const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    size_t at = 0;
    for (; n - at >= 8; at += 8) {
        uint64_t eight;
        memcpy(&eight, raw + at, sizeof eight);
        if ((eight | (eight - ones)) & tops) /* a NUL borrows; other ASCII leaves the top bits 0 */
            break;
    }
    return at;
}

/* Place of the first NUL or invalid byte; n if all is well. */
static size_t find_fault(const uint8_t *raw, size_t n) {
    size_t at = skip_ascii(raw, n);
    while (at < n) {
        size_t length = valid_length(raw + at, n - at);
        if (!length)
            break;
        at += length;
    }
    return at;
}

bool tokens_is_valid(const uint8_t *raw, size_t n) {
    return find_fault(raw, n) == n;
}

status tokens_check(const uint8_t *raw, size_t n, const char *path, int64_t offset) {
    size_t at = find_fault(raw, n);
    if (at == n)
        return status_ok();
    long long place = (long long)(offset + (int64_t)at);
    if (raw[at] == 0)
        return status_error(STATUS_INPUT,
                            "%s: NUL byte at byte %lld of the text: a binary file? "
                            "--invalid replace puts U+FFFD for it",
                            path, place);
    return status_error(STATUS_INPUT,
                        "%s: invalid UTF-8 at byte %lld of the text (0x%02X): convert the file "
                        "to UTF-8, or --invalid replace puts U+FFFD for it",
                        path, place, raw[at]);
}

bool tokens_is_plain(const tokens_rules *rules, const uint8_t *raw, size_t n) {
    unsigned bad = 0;
    for (size_t i = 0; i < n; i++)
        bad |= (unsigned)(raw[i] >= 0x80) | (unsigned)(raw[i] == 0) |
               (unsigned)(rules->lowercase && (uint8_t)(raw[i] - 'A') < 26);
    return !bad;
}

/* ---- words */

static status repair(const uint8_t *raw, size_t n, tokens_words *words, size_t *valid_n) {
    status s = mem_grow(&words->valid, &words->valid_capacity, 3 * n, 1, "a token");
    if (s.code)
        return s;
    uint8_t *out = words->valid;
    for (size_t at = 0; at < n;) {
        size_t length = valid_length(raw + at, n - at);
        if (length) {
            memcpy(out, raw + at, length);
            out += length;
        } else {
            length = invalid_length(raw + at, n - at);
            memcpy(out, "\xEF\xBF\xBD", 3);
            out += 3;
            words->repaired++;
        }
        at += length;
    }
    *valid_n = (size_t)(out - words->valid);
    return status_ok();
}

static utf8proc_int32_t lower(utf8proc_int32_t point, void *rules) {
    return ((const tokens_rules *)rules)->lowercase ? utf8proc_tolower(point) : point;
}

/* The code points of valid UTF-8, lower-cased and normalised as asked, into words->points. */
static status normalize(const tokens_rules *rules, const uint8_t *text, size_t n,
                        tokens_words *words, size_t *n_points) {
    utf8proc_option_t decompose = UTF8PROC_DECOMPOSE | UTF8PROC_STABLE;
    if (rules->form == TOKENS_NFKC)
        decompose |= UTF8PROC_COMPAT;
    if (rules->form == TOKENS_NONE)
        decompose = 0;
    utf8proc_ssize_t need = (utf8proc_ssize_t)n, room;
    do { /* the first guess is enough unless a character decomposes into many */
        status s = mem_grow(&words->points, &words->points_capacity, (size_t)need + 1,
                            sizeof *words->points, "a token");
        if (s.code)
            return s;
        room = (utf8proc_ssize_t)words->points_capacity - 1;
        need = utf8proc_decompose_custom(text, (utf8proc_ssize_t)n, words->points, room, decompose,
                                         lower, (void *)(uintptr_t)rules);
        if (need < 0)
            return status_error(STATUS_INTERNAL, "utf8proc: %s", utf8proc_errmsg(need));
    } while (need > room);
    if (rules->lowercase && rules->form == TOKENS_NFKC)
        for (utf8proc_ssize_t i = 0; i < need; i++)
            words->points[i] = utf8proc_tolower(words->points[i]);
    if (rules->form != TOKENS_NONE)
        need = utf8proc_normalize_utf32(words->points, need, UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    if (need < 0)
        return status_error(STATUS_INTERNAL, "utf8proc: %s", utf8proc_errmsg(need));
    *n_points = (size_t)need;
    return status_ok();
}

/* The property White_Space of Unicode 15. */
static bool is_space(int32_t c) {
    return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

/* Encode and cut at white space. */
static status emit(tokens_words *words, size_t n_points) {
    status s = mem_grow(&words->bytes, &words->bytes_capacity, 4 * n_points + 4, 1, "a token");
    uint8_t *out = words->bytes;
    size_t begin = 0, end = 0;
    for (size_t i = 0; i <= n_points && !s.code; i++) {
        if (i < n_points && !is_space(words->points[i])) {
            end += (size_t)utf8proc_encode_char(words->points[i], out + end);
        } else if (end > begin) {
            s = mem_grow(&words->ends, &words->ends_capacity, words->n + 1, sizeof *words->ends,
                         "the words of a token");
            if (!s.code)
                words->ends[words->n++] = end;
            begin = end;
        }
    }
    return s;
}

status tokens_split(const tokens_rules *rules, const uint8_t *raw, size_t n, tokens_words *words) {
    words->n = 0;
    words->repaired = 0;
    size_t n_points = 0;
    const uint8_t *text = raw;
    status s = status_ok();
    if (find_fault(raw, n) < n) {
        s = repair(raw, n, words, &n);
        text = words->valid;
    }
    if (!s.code)
        s = normalize(rules, text, n, words, &n_points);
    return s.code ? s : emit(words, n_points);
}

void tokens_words_clear(tokens_words *words) {
    mem_free(&words->bytes);
    mem_free(&words->ends);
    mem_free(&words->valid);
    mem_free(&words->points);
    *words = (tokens_words){0};
}
