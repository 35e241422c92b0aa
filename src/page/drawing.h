// SPDX-License-Identifier: Apache-2.0
/* A picture that gnuplot draws, as SVG inside a page. For rank 0.
 *
 * gnuplot is a program of its own, started without a shell; it reads a script of ours that holds
 * numbers and commands, never a text: a text goes in as a token, and the text takes its place when
 * the SVG is copied to the page. So no word of a corpus can be taken for a command, for markup or
 * for an escape of gnuplot's, and text stays text.
 *
 * Colours are roles, rgb "#0000NN" in a script, and become the CSS variables --cNN (page.css), so
 * that the page decides how they look on a screen, in the dark and on paper. */
#ifndef WORDSHARD_DRAWING_H
#define WORDSHARD_DRAWING_H

#include <stddef.h>
#include <stdio.h>

#include "page.h"
#include "status.h"

typedef struct {
    FILE *script;
    int width, height; /* CSS pixels at full size */
    char **texts;      /* [n_texts] */
    size_t n_texts, room;
    status failure;
} drawing;

/* A token in a script, quoted: "~12~". */
typedef struct {
    char text[16];
} drawing_token;

/* Local. Whether gnuplot is there and recent enough; STATUS_IO says what to install. version: of
 * size bytes, "gnuplot 5.4 patchlevel 4". */
status drawing_check(char *version, size_t size);

/* Starts the script. The caller clears, also after a failure. */
status drawing_begin(drawing *d, int width, int height);
void drawing_clear(drawing *d);

/* A failure is kept and returned by drawing_end. */
drawing_token drawing_text(drawing *d, const char *text, size_t n);
drawing_token drawing_string(drawing *d, const char *text);
/* The same, cut to a width in characters with an ellipsis. */
drawing_token drawing_short(drawing *d, const char *text, size_t n, int most);

/* Width of a text in characters of Latin script, roughly; wide ones count twice. */
int drawing_width(const char *text, size_t n);

/* Run gnuplot and copy what it draws. id: of the element, no other element's; title: what is told
 * to who cannot see it. */
status drawing_end(drawing *d, page *p, const char *id, const char *title);

#endif
