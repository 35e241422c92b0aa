// SPDX-License-Identifier: Apache-2.0
#include "svg.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A rule looks at the text that is left (terminated) and returns how much of it is done with,
 * having written what stands for it; 0: not mine. */
typedef size_t (*rule)(page *p, const char *text, const svg_picture *picture);

static bool begins(const char *text, const char *with) {
    return !strncmp(text, with, strlen(with));
}

static size_t own_name(page *p, const char *text, const svg_picture *picture) {
    static const char *const names[] = {" id='", " id=\"", "xlink:href='#", "xlink:href=\"#"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (begins(text, names[i])) {
            page_put(p, names[i] + (*names[i] == 'x' ? strlen("xlink:") : 0));
            page_print(p, "%s-", picture->id);
            return strlen(names[i]);
        }
    return 0;
}

static size_t role(page *p, const char *text, const svg_picture *picture) {
    int red, green, blue, n = 0;
    (void)picture;
    if (sscanf(text, "rgb(%d,%d,%d)%n", &red, &green, &blue, &n) == 3 && n && !red && !green)
        page_print(p, "var(--c%d)", blue);
    else
        n = 0;
    return (size_t)n;
}

static size_t ink(page *p, const char *text, const svg_picture *picture) {
    (void)picture;
    if (!begins(text, "\"black\"") && !begins(text, "'black'"))
        return 0;
    page_put(p, "\"currentColor\"");
    return strlen("'black'");
}

static size_t token(page *p, const char *text, const svg_picture *picture) {
    char *end;
    if (text[0] != '~' || text[1] < '0' || text[1] > '9')
        return 0;
    const unsigned long i = strtoul(text + 1, &end, 10);
    if (*end != '~' || i >= picture->n_texts)
        return 0;
    page_string(p, picture->texts[i]);
    return (size_t)(end + 1 - text);
}

/* Names that gnuplot gives to the parts of a plot: browsers would show them. */
static size_t tooltip(page *p, const char *text, const svg_picture *picture) {
    (void)p;
    (void)picture;
    const char *end = begins(text, "<title>") ? strstr(text, "</title>") : NULL;
    return end ? (size_t)(end - text) + strlen("</title>") : 0;
}

static size_t empty_group(page *p, const char *text, const svg_picture *picture) {
    (void)p;
    (void)picture;
    const char *end = begins(text, "<g ") ? strchr(text, '>') : NULL;
    return end && begins(end, ">\n</g>\n") ? (size_t)(end - text) + strlen(">\n</g>\n") : 0;
}

static size_t family(page *p, const char *text, const svg_picture *picture) {
    static const char name[] = " font-family=\"";
    (void)p;
    (void)picture;
    const char *end = begins(text, name) ? strchr(text + strlen(name), '"') : NULL;
    return end ? (size_t)(end + 1 - text) : 0;
}

static void copy(page *p, const char *text, const svg_picture *picture) {
    static const rule rules[] = {own_name, role, ink, token, tooltip, empty_group, family};
    while (*text) {
        size_t done = 0;
        const size_t plain = strcspn(text, " xr\"'~<");
        page_bytes(p, text, plain);
        text += plain;
        for (size_t i = 0; i < sizeof rules / sizeof *rules && !done && *text; i++)
            done = rules[i](p, text, picture);
        if (!done && *text)
            page_bytes(p, text, done = 1);
        text += done;
    }
}

status svg_copy(page *p, const char *svg, const svg_picture *picture) {
    const char *text = strstr(svg, "<svg"), *end = text ? strstr(text, "</desc>") : NULL;
    if (!end)
        return status_error(STATUS_INTERNAL, "gnuplot drew no SVG: %.80s", svg);
    page_print(p,
               "<svg class=\"plot\" viewBox=\"0 0 %d %d\" style=\"--w:%dpx\" role=\"img\" "
               "aria-labelledby=\"%s\">",
               picture->width, picture->height, picture->width, picture->id);
    page_print(p, "<title id=\"%s\">", picture->id);
    page_string(p, picture->title);
    page_put(p, "</title>");
    copy(p, end + strlen("</desc>"), picture);
    return p->failure;
}
