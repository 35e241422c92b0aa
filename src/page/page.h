// SPDX-License-Identifier: Apache-2.0
/* An HTML page being written: NAME.partial until it is complete. The first failure is kept and
 * returned by page_close. For rank 0. */
#ifndef WORDSHARD_PAGE_H
#define WORDSHARD_PAGE_H

#include <stddef.h>

#include "out_file.h"
#include "status.h"

typedef struct {
    out_file file;
    char *buffer;
    size_t used;
    status failure;
} page;

/* The caller clears, also after a failure. */
status page_open(page *p, const char *path);
/* Everything is on the disk and the page has its name. */
status page_close(page *p);
void page_clear(page *p);

/* Markup of ours, as it is. */
void page_put(page *p, const char *html);
void page_bytes(page *p, const char *html, size_t n);
/* The same through printf; texts of others only by the functions below. */
void page_print(page *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Any bytes as text: &, <, > and quotes are escaped; what is not UTF-8, and control characters,
 * become U+FFFD. */
void page_text(page *p, const char *text, size_t n);
void page_string(page *p, const char *text);
/* The same set apart from the direction of the text around it: words of a corpus, paths. */
void page_word(page *p, const char *text, size_t n);

/* A number with so many digits behind the point and a true minus sign; a dash for NaN. */
void page_number(page *p, double x, int digits);

/* Bytes of the first character of text[0..n), n > 0: 0 if it is not UTF-8. */
size_t page_character(const char *text, size_t n);

#endif
