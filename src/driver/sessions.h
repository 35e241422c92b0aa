// SPDX-License-Identifier: Apache-2.0
/* The sessions in which a run was trained: one, or several if it was stopped and resumed. Each is a
 * group of text attributes, /provenance/sessions/0001 and so on (docs/files.md). */
#ifndef WORDSHARD_SESSIONS_H
#define WORDSHARD_SESSIONS_H

#include <jansson.h>

#include "comm.h"
#include "h5.h"
#include "options.h"

typedef struct {
    json_t *list; /* array of objects with text values; the last is the present session */
} sessions;

/* Collective. Those of the file that the run goes on from (NULL: there is none), and the present
 * one, which begins at `from`: "epoch 2, 35.2 %". */
status sessions_open(sessions *s, h5_file *earlier, const options *o, const comm *world,
                     const char *isa, const char *from);
/* Local. */
void sessions_close(sessions *s);

/* Collective. Write all of them; the present one is at `to` now, and ends because of why:
 * "checkpoint", "SIGUSR1", "complete". */
status sessions_write(sessions *s, h5_file *file, const comm *world, const char *to,
                      const char *why);

#endif
