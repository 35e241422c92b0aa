// SPDX-License-Identifier: Apache-2.0
/* Options of all commands: values, and the table that describes them (options.def). */
#ifndef WORDSHARD_OPTIONS_H
#define WORDSHARD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "status.h"

/* One bit per command. */
enum {
    C_PREPARE = 1 << 0,
    C_TRAIN = 1 << 1,
    C_EVAL = 1 << 2,
    C_NN = 1 << 3,
    C_ANALOGY = 1 << 4,
    C_EXPORT = 1 << 5,
    C_IMPORT = 1 << 6,
    C_INFO = 1 << 7,
    C_SYNTH = 1 << 8,
    C_COOCCUR = 1 << 9,
    C_PLAN = 1 << 10, /* with the bit of the command that is planned */
    C_STABILITY = 1 << 11,
    C_DRIFT = 1 << 12,
    C_ALIGN = 1 << 13,
    C_STUDY = 1 << 14,
    C_REPORT = 1 << 15,
    C_ALL = (1 << 16) - 1,
    /* Beside commands: the result is the same whatever the option is, so that it may be another
     * when a run goes on from a checkpoint. */
    C_SAME = 1 << 30
};

typedef struct {
    int n;
    char **items;
} string_list;

typedef enum {
    OPTION_text,
    OPTION_list,
    OPTION_flag,
    OPTION_whole,
    OPTION_real,
    OPTION_size,
    OPTION_duration,
    OPTION_choice
} option_kind;

typedef char *option_text;
typedef string_list option_list;
typedef bool option_flag;
typedef int64_t option_whole;
typedef double option_real;
typedef int64_t option_size;
typedef double option_duration;
typedef int option_choice;

/* A flag for each option, in table order. */
typedef struct {
#define OPTION(kind, field, ...) bool field;
#include "options.def"
#undef OPTION
} options_given;

typedef struct {
    int command;        /* bits */
    string_list inputs; /* positional arguments after the command */
    char *line;         /* the arguments as given, quoted for the shell */
#define OPTION(kind, field, ...) option_##kind field;
#include "options.def"
#undef OPTION
    options_given given; /* on the command line or in the configuration file */
} options;

/* Places in the choices of options.def. */
enum { NORMALIZE_NFC, NORMALIZE_NFKC, NORMALIZE_NONE };
enum { DOCUMENT_LINE, DOCUMENT_BLANK, DOCUMENT_FILE };
enum { CONTROL_NONE, CONTROL_SHUFFLE };
enum { INVALID_REFUSE, INVALID_REPLACE };
enum { CBOW_MEAN, CBOW_SUM };
enum { SCHEDULE_HOGWILD, SCHEDULE_ROUNDS, SCHEDULE_STRATA };
enum { ORDER_CORPUS, ORDER_SHUFFLE };
enum { ACCUMULATORS_ROW, ACCUMULATORS_ELEMENT };
enum { MERGE_CONTRACTION, MERGE_ADASUM, MERGE_MEAN, MERGE_SUM };
enum { INIT_RANDOM, INIT_SVD };
enum { SNAPSHOTS_ALL, SNAPSHOTS_LAST };
enum { METHOD_3COSADD, METHOD_3COSMUL };
enum { CASE_IGNORE, CASE_MATCH };
enum { STAGE_ALL, STAGE_PREPARE, STAGE_TRAIN, STAGE_ANALYSIS };
enum { ROWS_UNIT, ROWS_RAW };
enum { CHANGE_DISPLACEMENT, CHANGE_SHIFT };
enum { ADJUST_BH, ADJUST_BY };
enum { TABLE_VECTORS, TABLE_CONTEXT, TABLE_SUM };
enum {
    FORMAT_AUTO,
    FORMAT_WORD2VEC_BIN,
    FORMAT_WORD2VEC_TEXT,
    FORMAT_GLOVE,
    FORMAT_NPY,
    FORMAT_GLOVE_COOCCURRENCE
};

/* command: bits of all commands whose options are allowed.
 *
 * Defaults (those that depend on other options as well, so that everybody sees the value that is
 * used), then the configuration file (--config), then the arguments argv[0..argc) that follow
 * the command. STATUS_USAGE names the option and the bound. The caller clears. */
status options_read(options *o, int command, int argc, char **argv);
void options_clear(options *o);

/* The options of one command. */
void options_help(FILE *out, int command);
/* docs/options.md. */
void options_markdown(FILE *out);

/* STATUS_USAGE if the user gave one of the options `names` (NULL at the end), as it would be
 * ignored; because: the choice that leaves it no meaning, "--objective softmax". */
status options_refuse(const options *o, const char *const *names, const char *because);

/* Whether the option is one that the result depends on. */
bool options_define(const char *name);

/* Each option of a command with its value as text, in table order. */
void options_each(const options *o, int command,
                  void (*visit)(void *context, const char *name, const char *value), void *context);

#endif
