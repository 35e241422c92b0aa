// SPDX-License-Identifier: Apache-2.0
/* gnuplot's SVG, made a part of an HTML page. */
#ifndef WORDSHARD_SVG_H
#define WORDSHARD_SVG_H

#include <stddef.h>

#include "page.h"

typedef struct {
    const char *id;    /* begins the names of all elements */
    const char *title; /* for who cannot see it */
    int width, height;
    char *const *texts; /* [n_texts]: what the tokens ~0~, ~1~ ... stand for */
    size_t n_texts;
} svg_picture;

/* Copy the elements of svg. Names of elements are made the picture's own, tokens become text,
 * colours #0000NN become var(--cNN), black the colour of the text around; tooltips and empty groups
 * go away. STATUS_INTERNAL when it is no SVG. */
status svg_copy(page *p, const char *svg, const svg_picture *picture);

#endif
