// SPDX-License-Identifier: Apache-2.0
#include "plan_sbatch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "options_table.h"
#include "out_file.h"
#include "shell_words.h"
#include "train_sbatch.h"

/* Beyond the estimates: of memory for what the file system and the launcher keep, of time for
 * reading, writing and slower nodes. */
static const double MEMORY_FACTOR = 1.1, MEMORY_MORE = 256 << 20;
static const double TIME_FACTOR = 1.3, TIME_MORE = 600;

/* ---- values */

static void add_given(void *context, const option_row *row, const char *value) {
    static const char *const elsewhere[] = {"output", "threads", "config", "json",
                                            "quiet",  "dry-run", NULL};
    for (const char *const *name = elsewhere; *name; name++)
        if (!strcmp(row->name, *name))
            return;
    shell_words_option(context, row->name, value, row->kind == OPTION_flag);
}

static void time_text(char *text, size_t size, double seconds) {
    const long all = lround(ceil((seconds * TIME_FACTOR + TIME_MORE) / 60));
    snprintf(text, size, "%ld-%02ld:%02ld:00", all / 1440, all / 60 % 24, all % 60);
}

/* What stands behind `key` in the script; false: as in the template. */
static bool value_of(const forecast *p, const options *o, const char *key, shell_words *w) {
    char number[64] = "";
    const double memory = estimate_sum(&p->memory) * p->shape.node_ranks;
    if (!strcmp(key, "#SBATCH --nodes="))
        snprintf(number, sizeof number, "%d", p->shape.nodes);
    else if (!strcmp(key, "#SBATCH --ntasks-per-node="))
        snprintf(number, sizeof number, "%d", p->shape.node_ranks);
    else if (!strcmp(key, "#SBATCH --cpus-per-task="))
        snprintf(number, sizeof number, "%d", p->shape.threads);
    else if (!strcmp(key, "#SBATCH --mem="))
        snprintf(number, sizeof number, "%.0fM",
                 ceil((memory * MEMORY_FACTOR + MEMORY_MORE) / 1048576));
    else if (!strcmp(key, "#SBATCH --time=") && p->seconds > 0)
        time_text(number, sizeof number, p->seconds);
    else if (!strcmp(key, "CORPUS="))
        shell_words_add(w, p->input);
    else if (!strcmp(key, "OUTPUT=") && *o->output)
        shell_words_add(w, o->output);
    if (*number)
        shell_words_add(w, number);
    return w->size > 0;
}

/* ---- lines */

/* The value of one word, up to a blank or the end of the line. */
static bool write_word(FILE *out, const forecast *p, const options *o, const char *line, size_t n) {
    static const char *const keys[] = {"#SBATCH --nodes=",
                                       "#SBATCH --ntasks-per-node=",
                                       "#SBATCH --cpus-per-task=",
                                       "#SBATCH --mem=",
                                       "#SBATCH --time=",
                                       "CORPUS=",
                                       "OUTPUT=",
                                       NULL};
    for (const char *const *key = keys; *key; key++) {
        const size_t length = strlen(*key);
        shell_words w = {0};
        if (strncmp(line, *key, length) != 0)
            continue;
        const bool filled = value_of(p, o, *key, &w);
        const size_t old = strcspn(line + length, " \n");
        if (filled)
            fprintf(out, "%s%s%.*s", *key, w.text, (int)(n - length - old), line + length + old);
        shell_words_clear(&w);
        return filled;
    }
    return false;
}

/* A list in brackets that takes a line of its own. */
static status write_list(FILE *out, const options *o, const char *line, bool *done) {
    shell_words w = {0};
    *done = true;
    if (!strncmp(line, "TEXT=(", 6))
        fputs("TEXT=()                         # it is prepared\n", out);
    else if (!strncmp(line, "OPTIONS=(", 9)) {
        options_each_given(o, C_TRAIN, add_given, &w);
        fprintf(out, "OPTIONS=(%s)\n", w.text ? w.text : "");
    } else
        *done = false;
    const status s = w.failure;
    shell_words_clear(&w);
    return s;
}

static status write_script(FILE *out, const forecast *p, const options *o) {
    status s = status_ok();
    for (const char *line = train_sbatch; *line && !s.code;) {
        const size_t n = strcspn(line, "\n") + 1;
        bool done;
        s = write_list(out, o, line, &done);
        if (!done && !write_word(out, p, o, line, n))
            fwrite(line, 1, n, out);
        line += n;
    }
    return s;
}

static status write_file(const options *o, const char *text, size_t n) {
    out_file f = {.descriptor = -1};
    if (!o->overwrite && !access(o->sbatch, F_OK))
        return status_error(
            STATUS_IO, "%s exists; remove it, choose another name, or give --overwrite", o->sbatch);
    status s = out_open(&f, o->sbatch, "");
    if (!s.code)
        s = out_write(&f, text, n);
    if (!s.code)
        s = out_sync(&f);
    if (!s.code)
        s = out_rename(&f);
    out_clear(&f);
    return s;
}

status plan_sbatch(const forecast *p, const options *o) {
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return status_error(STATUS_SPACE, "not enough memory for a batch script");
    status s = write_script(out, p, o);
    fclose(out);
    if (!s.code && !strcmp(o->sbatch, "-"))
        fwrite(text, 1, n, stdout);
    else if (!s.code)
        s = write_file(o, text, n);
    free(text);
    return s;
}
