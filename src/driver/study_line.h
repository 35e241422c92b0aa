// SPDX-License-Identifier: Apache-2.0
/* The command line of a command that a study runs: its options are read, checked and recorded as
 * if a user had typed it. */
#ifndef WORDSHARD_STUDY_LINE_H
#define WORDSHARD_STUDY_LINE_H

#include "options.h"
#include "study_file.h"

typedef struct {
    char **words; /* [n] */
    int n;
    size_t room;
    status failure; /* the first; nothing is added afterwards */
} study_line;

void study_line_add(study_line *l, const char *word);
/* --NAME=VALUE */
void study_line_option(study_line *l, const char *name, const char *value);
void study_line_number(study_line *l, const char *name, int64_t number);
/* All options of a set but the one named except (NULL: all). */
void study_line_set(study_line *l, const study_set *set, const char *except);
/* --threads and --memory, as the user gave them to the study, unless the set has its own. */
void study_line_limits(study_line *l, const options *o, const study_set *set);

/* Read it as the options of a command (options_read; o must be cleared, also after a failure) and
 * clear it. */
status study_line_read(study_line *l, options *o, int command);

#endif
