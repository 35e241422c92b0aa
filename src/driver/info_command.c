// SPDX-License-Identifier: Apache-2.0
#include "info_command.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "command_table.h"
#include "log.h"
#include "memory.h"
#include "objective.h"
#include "options_table.h"
#include "provenance.h"
#include "version.h"

/* What the options were and what they would be by default, both as objects of texts. */
typedef struct {
    h5_file *file;
    const command_row *command;
    char *inputs;
    json_t *recorded, *presets;
} story;

static void keep_text(void *context, const char *name, const char *value) {
    json_object_set_new(context, name, json_string(value));
}

static const char *recorded(const story *x, const char *name) {
    const char *value = json_string_value(json_object_get(x->recorded, name));
    return value ? value : "";
}

static bool was(const story *x, const char *name, const char *value) {
    return !strcmp(recorded(x, name), value);
}

/* Defaults that depend on other options depend on these. */
static status find_presets(story *x) {
    char model[] = "--model", deterministic[] = "--deterministic", value[64];
    char *arguments[3] = {model, value, deterministic};
    const bool trains = x->command->bit == C_TRAIN;
    options o;
    snprintf(value, sizeof value, "%s", recorded(x, "model"));
    const status s = options_read(&o, x->command->bit,
                                  !trains                           ? 0
                                  : was(x, "deterministic", "true") ? 3
                                                                    : 2,
                                  arguments);
    options_each(&o, x->command->bit, keep_text, x->presets);
    options_clear(&o);
    return s;
}

static status read_story(story *x) {
    char *name = NULL, *version = NULL;
    status s = h5_get_text(x->file, "/provenance", "command", &name);
    if (!s.code)
        s = h5_get_text(x->file, "/provenance", "inputs", &x->inputs);
    if (!s.code)
        s = h5_get_text(x->file, "/provenance", "version", &version);
    x->command = s.code ? NULL : command_by_name(name);
    if (!x->command || !strncmp(x->inputs, PROVENANCE_CUT, strlen(PROVENANCE_CUT)))
        s = status_error(STATUS_INPUT, "%s does not say what it was made from", h5_path(x->file));
    if (!s.code && strcmp(version, WORDSHARD_VERSION) != 0)
        log_warning("%s was made by version %s; this is %s, whose defaults may be others",
                    h5_path(x->file), version, WORDSHARD_VERSION);
    if (!s.code)
        s = h5_each_attribute(x->file, "/provenance/options", keep_text, x->recorded);
    mem_free(&name);
    mem_free(&version);
    return s.code ? s : find_presets(x);
}

/* ---- what the run chose for itself */

/* Skip-gram and CBOW over windows: with replicas, in chunks or rounds. */
static bool has_windows(const story *x) {
    return x->command->bit == C_TRAIN && (was(x, "model", "skipgram") || was(x, "model", "cbow")) &&
           !was(x, "objective", "softmax") && !was(x, "schedule", "strata");
}

/* The value of an option as it was used, if the file has it. */
static bool find_used(const story *x, const char *option, char *text, size_t size) {
    char name[64], *value = NULL;
    int64_t whole;
    double real;
    const bool of_windows =
        !strcmp(option, "replicas") || !strcmp(option, "chunk") || !strcmp(option, "round");
    snprintf(name, sizeof name, "%s_used", option);
    for (char *c = name; *c; c++)
        *c = *c == '-' ? '_' : *c;
    if ((of_windows && !has_windows(x)) || !strncmp(option, "seed", 4) || !strcmp(option, "window"))
        return false; /* seeds follow from --seed; counts that are there have their window */
    if (!h5_get_int(x->file, "/provenance", name, &whole).code)
        snprintf(text, size, "%lld", (long long)whole);
    else if (!h5_get_real(x->file, "/provenance", name, &real).code)
        option_real_text(real, text, size);
    else if (!h5_get_text(x->file, "/provenance", name, &value).code)
        snprintf(text, size, "%s", value);
    else
        return false;
    mem_free(&value);
    return true;
}

/* Where the result depends on threads and ranks, there are as many: hogwild, whose threads race,
 * and full softmax, whose sums they cut. */
static bool depends_on_threads(const story *x) {
    return (has_windows(x) && was(x, "schedule", "hogwild")) ||
           (x->command->bit == C_TRAIN && was(x, "objective", "softmax"));
}

/* ---- the line */

static void add_option(const story *x, const option_row *row, shell_words *line) {
    char used[256];
    const char *value = recorded(x, row->name);
    const char *preset = json_string_value(json_object_get(x->presets, row->name));
    int64_t threads;
    if (!strcmp(row->name, "model") || !strcmp(row->name, "deterministic"))
        preset = row->preset; /* these were set for the others' sake */
    if (!json_object_get(x->recorded, row->name))
        return;
    if (!strcmp(row->name, "threads") && depends_on_threads(x) &&
        !h5_get_int(x->file, "/provenance", "threads_per_rank", &threads).code) {
        snprintf(used, sizeof used, "%lld", (long long)threads);
        shell_words_option(line, row->name, used, false);
    } else if (x->command->bit == C_TRAIN && find_used(x, row->name, used, sizeof used)) {
        shell_words_option(line, row->name, used, false);
    } else if ((!strcmp(row->name, "seed") && x->command->bit != C_PREPARE) ||
               (!(row->commands & C_SAME) && preset && strcmp(value, preset) != 0)) {
        shell_words_option(line, row->name, value, row->kind == OPTION_flag);
    }
}

static void write_line(const story *x, shell_words *line) {
    int64_t ranks = 1;
    size_t n;
    const option_row *rows = option_table(&n);
    char number[32];
    if (depends_on_threads(x) && !h5_get_int(x->file, "/provenance", "ranks", &ranks).code &&
        ranks > 1) {
        snprintf(number, sizeof number, "%lld", (long long)ranks);
        shell_words_add(line, "mpirun");
        shell_words_add(line, "-n");
        shell_words_add(line, number);
    }
    shell_words_add(line, "wordshard");
    shell_words_add(line, x->command->name);
    shell_words_join(line, x->inputs);
    shell_words_add(line, "-o");
    shell_words_add(line, recorded(x, "output"));
    for (size_t i = 0; i < n; i++)
        if (rows[i].commands & x->command->bit)
            add_option(x, &rows[i], line);
}

status info_command(h5_file *file, shell_words *line) {
    story x = {.file = file, .recorded = json_object(), .presets = json_object()};
    status s = x.recorded && x.presets
                   ? status_ok()
                   : status_error(STATUS_SPACE, "not enough memory for a command line");
    if (!s.code)
        s = read_story(&x);
    if (!s.code)
        write_line(&x, line);
    json_decref(x.recorded);
    json_decref(x.presets);
    mem_free(&x.inputs);
    return status_first(s, line->failure);
}
