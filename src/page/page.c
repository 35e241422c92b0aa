// SPDX-License-Identifier: Apache-2.0
#include "page.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"

enum { BUFFER = 1 << 16, PRINTED = 1024 };
static const double ROUNDING = 1e-12; /* of sums of numbers about 1: shown as 0 */

status page_open(page *p, const char *path) {
    *p = (page){.file.descriptor = -1};
    p->failure = mem_new(&p->buffer, BUFFER, 1, "a page");
    if (!p->failure.code)
        p->failure = out_open(&p->file, path, "");
    return p->failure;
}

static void flush(page *p) {
    if (!p->failure.code)
        p->failure = out_write(&p->file, p->buffer, p->used);
    p->used = 0;
}

status page_close(page *p) {
    flush(p);
    if (!p->failure.code)
        p->failure = out_sync(&p->file);
    if (!p->failure.code)
        p->failure = out_rename(&p->file);
    return p->failure;
}

void page_clear(page *p) {
    out_clear(&p->file);
    mem_free(&p->buffer);
}

/* ---- markup */

void page_bytes(page *p, const char *html, size_t n) {
    while (n && !p->failure.code) {
        const size_t room = BUFFER - p->used, part = n < room ? n : room;
        memcpy(p->buffer + p->used, html, part);
        p->used += part;
        html += part;
        n -= part;
        if (p->used == BUFFER)
            flush(p);
    }
}

void page_put(page *p, const char *html) {
    page_bytes(p, html, strlen(html));
}

void page_print(page *p, const char *format, ...) {
    char text[PRINTED];
    va_list arguments;
    va_start(arguments, format);
    const int n = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (n < 0 || n >= PRINTED)
        p->failure =
            status_first(p->failure, status_error(STATUS_INTERNAL,
                                                  "a line of the page is too long: %s", format));
    else
        page_bytes(p, text, (size_t)n);
}

/* ---- text */

size_t page_character(const char *text, size_t n) {
    const uint8_t *c = (const uint8_t *)text;
    const size_t length = c[0] < 0x80 ? 1 : c[0] < 0xC2 ? 0 : c[0] < 0xE0 ? 2 : c[0] < 0xF0 ? 3 : 4;
    if (length == 0 || length > n || c[0] > 0xF4)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((c[i] & 0xC0) != 0x80)
            return 0;
    const bool overlong = (c[0] == 0xE0 && c[1] < 0xA0) || (c[0] == 0xF0 && c[1] < 0x90),
               surrogate = c[0] == 0xED && c[1] > 0x9F, beyond = c[0] == 0xF4 && c[1] > 0x8F;
    return overlong || surrogate || beyond ? 0 : length;
}

/* What stands for a character in HTML, or NULL: itself. */
static const char *escape(const char *text, size_t length) {
    const uint8_t c = (uint8_t)*text;
    if (length == 0 || (c < 0x20 && c != '\t' && c != '\n') || c == 0x7F ||
        (c == 0xC2 && (uint8_t)text[1] < 0xA0))
        return "\xEF\xBF\xBD";
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void page_text(page *p, const char *text, size_t n) {
    for (size_t i = 0; i < n;) {
        const size_t length = page_character(text + i, n - i);
        const char *other = escape(text + i, length);
        if (other)
            page_put(p, other);
        else
            page_bytes(p, text + i, length);
        i += length ? length : 1;
    }
}

void page_string(page *p, const char *text) {
    page_text(p, text, strlen(text));
}

void page_word(page *p, const char *text, size_t n) {
    page_put(p, "<bdi>");
    page_text(p, text, n);
    page_put(p, "</bdi>");
}

void page_number(page *p, double x, int digits) {
    if (isnan(x)) {
        page_put(p, "–");
        return;
    }
    char text[400];
    const bool nothing = fabs(x) < ROUNDING, small = !nothing && fabs(x) < 0.5 * pow(10, -digits);
    if (small)
        snprintf(text, sizeof text, "%.1e", fabs(x));
    else
        snprintf(text, sizeof text, "%.*f", digits, fabs(x));
    if (x < 0 && !nothing)
        page_put(p, "−");
    page_put(p, text);
}
