// SPDX-License-Identifier: Apache-2.0
/* From what the file says to the list of runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "drift_groups.h"
#include "h5.h"
#include "memory.h"
#include "objective.h"
#include "options_table.h"
#include "study.h"
#include "study_line.h"

/* LONGEST_NAME: file systems take 255 bytes, and there are endings. */
enum { NAME = 512, LONGEST_NAME = 200 };

/* ---- names */

status study_path(const study *x, const char *part, const char *name, const char *ending,
                  char **path) {
    const size_t size =
        strlen(x->o->output) + strlen(part) + strlen(name) + strlen(ending) + sizeof "//";
    status s = mem_new(path, size, 1, "a file name");
    if (!s.code)
        snprintf(*path, size, "%s%s%s/%s%s", x->o->output, *part ? "/" : "", part, name, ending);
    return s;
}

/* Append to a name; what file names should not have becomes '_'. */
static void append(char name[NAME], const char *before, const char *text) {
    size_t n = strlen(name);
    n += (size_t)snprintf(name + n, NAME - n, "%s", before);
    for (; *text && n < NAME - 1; text++)
        name[n++] = strchr("/ \t\n", *text) ? '_' : *text;
    name[n < NAME ? n : NAME - 1] = '\0';
}

static void append_number(char name[NAME], const char *before, int64_t number) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)number);
    append(name, before, text);
}

/* ---- inputs */

/* Relative names begin in --corpora, or where the file is. */
static status resolve(const study *x, const char *name, char **path) {
    const char *folder = *x->o->corpora ? x->o->corpora : x->folder;
    if (*name == '/' || !strcmp(folder, "."))
        return mem_string(path, name);
    const size_t size = strlen(folder) + strlen(name) + sizeof "/";
    status s = mem_new(path, size, 1, "a file name");
    if (!s.code)
        snprintf(*path, size, "%s/%s", folder, name);
    return s;
}

static status resolve_files(const study *x, study_input *input) {
    const study_list *given = &x->file.corpora[input->corpus].inputs;
    status s = mem_new(&input->files.items, (size_t)given->n, sizeof *input->files.items,
                       "the files of a corpus");
    for (int i = 0; i < given->n && !s.code; i++) {
        s = resolve(x, given->items[i], &input->files.items[i]);
        input->files.n += !s.code;
    }
    return s;
}

/* Whether a period's documents are in a shuffle, of which a control has one for all periods, or one
 * for each step. */
static bool is_shuffled(const study *x, int shuffle, int corpus) {
    const drift_ends step = drift_ends_of(x->file.reference, shuffle);
    return x->file.controls_of == CONTROLS_OF_ALL || corpus == step.from || corpus == step.to;
}

/* With two periods the shuffle of their step is that of all. */
static status open_set(const study *x, int shuffle, study_input *input) {
    const int n = x->file.n_corpora;
    char name[NAME] = "";
    status s = mem_new(&input->periods, (size_t)n, sizeof *input->periods, "the study");
    for (int c = 0; c < n && !s.code; c++)
        if (is_shuffled(x, shuffle, c))
            input->periods[input->n_periods++] = c;
    append_number(name, "", input->control);
    for (int i = 0; i < input->n_periods && input->n_periods < n; i++)
        append(name, i ? "+" : "-", x->file.corpora[input->periods[i]].name);
    return s.code ? s : mem_string(&input->set, name);
}

static status name_input(const study *x, study_input *input) {
    char name[NAME] = "";
    if (input->control)
        append(name, "shuffled", input->set);
    append(name, input->control ? "-" : "", x->file.corpora[input->corpus].name);
    return mem_string(&input->name, name);
}

/* A corpus.h5 is taken as it is; text is prepared. */
static status open_input(const study *x, int shuffle, study_input *input) {
    char kind[64] = "";
    status s = input->control ? open_set(x, shuffle, input) : resolve_files(x, input);
    if (!s.code)
        s = name_input(x, input);
    if (s.code)
        return s;
    if (!input->control)
        h5_kind(input->files.items[0], kind, sizeof kind);
    input->is_prepared = *kind;
    if (*kind && input->files.n > 1)
        return status_error(STATUS_USAGE, "%s: corpus %s: one corpus.h5, or text, is expected",
                            x->file.path, input->name);
    return *kind ? mem_string(&input->path, input->files.items[0])
                 : study_path(x, "corpora", input->name, ".h5", &input->path);
}

/* The periods, or their parts in a shuffle of a control. */
static status open_periods(study *x, int64_t control, int shuffle) {
    size_t room = (size_t)x->n_inputs;
    status s = mem_grow(&x->inputs, &room, room + (size_t)x->file.n_corpora, sizeof *x->inputs,
                        "the corpora of the study");
    for (int c = 0; c < x->file.n_corpora && !s.code; c++)
        if (!control || is_shuffled(x, shuffle, c)) {
            study_input *input = &x->inputs[x->n_inputs++];
            *input = (study_input){.corpus = c, .control = control};
            s = open_input(x, shuffle, input);
        }
    return s;
}

static status open_inputs(study *x) {
    const int shuffles = x->file.controls_of == CONTROLS_OF_ALL ? 1 : x->file.n_corpora - 1;
    status s = open_periods(x, 0, 0);
    for (int64_t control = 1; control <= x->file.controls && !s.code; control++)
        for (int shuffle = 0; shuffle < shuffles && !s.code; shuffle++)
            s = open_periods(x, control, shuffle);
    return s;
}

/* ---- settings */

/* One value; it takes the place of an earlier one. Strings are the file's. */
static status put_option(study_set *set, const char *name, const study_list *values) {
    int at = 0;
    while (at < set->n && strcmp(set->options[at].name, name) != 0)
        at++;
    size_t room = (size_t)set->n;
    status s = at < set->n ? status_ok()
                           : mem_grow(&set->options, &room, room + 1, sizeof *set->options,
                                      "the options of a run");
    if (s.code)
        return s;
    set->options[at] = (study_option){.name = (char *)name, .values = *values};
    set->n += at == set->n;
    return s;
}

static status put_set(study_set *set, const study_set *from) {
    status s = status_ok();
    for (int i = 0; i < from->n && !s.code; i++)
        s = put_option(set, from->options[i].name, &from->options[i].values);
    return s;
}

/* The point'th combination of the grid: the last option varies fastest. */
static status put_point(study_set *set, const study_set *grid, int64_t point, char name[NAME]) {
    status s = status_ok();
    for (int i = 0; i < grid->n && !s.code; i++) {
        const study_option *option = &grid->options[i];
        int64_t later = 1;
        for (int j = i + 1; j < grid->n; j++)
            later *= grid->options[j].values.n;
        char **value = &option->values.items[point / later % option->values.n];
        s = put_option(set, option->name, &(study_list){.items = value, .n = 1});
        append(name, "-", option->name);
        append(name, "", *value);
    }
    return s;
}

/* ---- settings, as the runs will see them */

static status learn_setting(const study *x, study_setting *setting) {
    study_line l = {0};
    options o;
    study_line_set(&l, &setting->set, NULL);
    study_line_limits(&l, x->o, &setting->set);
    const status s = study_line_read(&l, &o, C_TRAIN);
    const bool has_windows = o.model == MODEL_SKIPGRAM || o.model == MODEL_CBOW;
    setting->model = o.model;
    setting->schedule = o.schedule;
    setting->seed = o.seed;
    setting->races = has_windows && o.schedule == SCHEDULE_HOGWILD &&
                     o.objective != OBJECTIVE_SOFTMAX &&
                     (o.threads != 1 || x->file.ranks_per_run > 1);
    options_clear(&o);
    return s;
}

static status open_setting(study *x, int model, int64_t point) {
    study_setting *setting = &x->settings[x->n_settings++];
    char name[NAME] = "";
    *setting = (study_setting){.name = NULL};
    append(name, "", x->file.models[model].name);
    status s = put_set(&setting->set, &x->file.options);
    if (!s.code)
        s = put_set(&setting->set, &x->file.models[model]);
    if (!s.code)
        s = put_point(&setting->set, &x->file.grid, point, name);
    if (!s.code)
        s = mem_string(&setting->name, name);
    return s.code ? s : learn_setting(x, setting);
}

static status open_settings(study *x) {
    int64_t points = 1;
    for (int i = 0; i < x->file.grid.n; i++)
        points *= x->file.grid.options[i].values.n;
    status s = mem_new(&x->settings, (size_t)(points * x->file.n_models), sizeof *x->settings,
                       "the settings of the study");
    for (int model = 0; model < x->file.n_models && !s.code; model++)
        for (int64_t point = 0; point < points && !s.code; point++)
            s = open_setting(x, model, point);
    return s;
}

/* ---- runs */

bool study_applies(const study_setting *setting, noise_kind kind) {
    const bool has_windows = setting->model == MODEL_SKIPGRAM || setting->model == MODEL_CBOW;
    if (kind == NOISE_SAMPLING)
        return has_windows;
    if (kind == NOISE_ORDER)
        return setting->model == MODEL_GLOVE ||
               (has_windows && setting->schedule != SCHEDULE_ROUNDS);
    return true;
}

/* Models without such a seed refuse it. */
static void add_seeds(study_line *l, const study_setting *setting, const study_variant *v) {
    const bool is_one = v->init == v->sampling && v->init == v->order;
    study_line_number(l, "seed", is_one ? v->init : setting->seed);
    if (!is_one && v->init != setting->seed)
        study_line_number(l, "seed-init", v->init);
    if (!is_one && v->sampling != setting->seed)
        study_line_number(l, "seed-sample", v->sampling);
    if (!is_one && v->order != setting->seed)
        study_line_number(l, "seed-order", v->order);
    if (v->shuffles)
        study_line_option(l, "order", "shuffle");
    if (v->bootstrap >= 0)
        study_line_number(l, "bootstrap", v->bootstrap);
}

/* What distinguishes it from the plain run of its setting. */
static void name_variant(const study *x, const study_setting *setting, const study_variant *v,
                         char name[NAME]) {
    const int64_t base = setting->seed;
    const size_t before = strlen(name);
    if (v->init == v->sampling && v->init == v->order && v->init != base) {
        append_number(name, "-seed", v->init);
    } else {
        if (v->init != base)
            append_number(name, "-init", v->init);
        if (v->sampling != base)
            append_number(name, "-sampling", v->sampling);
        if (v->shuffles || v->order != base)
            append_number(name, "-order", v->order);
    }
    if (v->bootstrap >= 0)
        append_number(name, "-bootstrap", v->bootstrap);
    if (v->repeat)
        append_number(name, "-repeat", v->repeat);
    if (v->ranks != x->file.ranks_per_run)
        append_number(name, "-ranks", v->ranks);
    if (strlen(name) == before)
        append(name, "", "-base");
}

/* As a user would type it. */
static status read_line(const study *x, study_run *run) {
    const study_setting *setting = &x->settings[run->setting];
    study_line l = {0};
    study_line_add(&l, x->inputs[run->input].path);
    study_line_option(&l, "output", run->output);
    study_line_set(&l, &setting->set, "seed");
    add_seeds(&l, setting, &run->variant);
    study_line_limits(&l, x->o, &setting->set);
    return study_line_read(&l, &run->o, C_TRAIN);
}

/* The run of that name, which is made if it is not there. */
static status find_run(study *x, int input, int setting, const study_variant *v, int *found) {
    char name[NAME] = "";
    append(name, "", x->inputs[input].name);
    append(name, "-", x->settings[setting].name);
    name_variant(x, &x->settings[setting], v, name);
    if (strlen(name) > LONGEST_NAME)
        return status_error(STATUS_USAGE, "%s: a run would be called %.60s..., which is too long",
                            x->file.path, name);
    for (*found = 0; *found < x->n_runs; ++*found) {
        const study_run *run = &x->runs[*found];
        if (strcmp(run->name, name) != 0)
            continue;
        return run->input == input && run->setting == setting
                   ? status_ok()
                   : status_error(STATUS_USAGE, "%s: two different runs would be called %s",
                                  x->file.path, name);
    }
    size_t room = (size_t)x->n_runs;
    status s = mem_grow(&x->runs, &room, room + 1, sizeof *x->runs, "the runs of the study");
    if (s.code)
        return s;
    study_run *run = &x->runs[x->n_runs++];
    *run = (study_run){.input = input, .setting = setting, .variant = *v};
    s = mem_string(&run->name, name);
    if (!s.code)
        s = study_path(x, "runs", name, ".h5", &run->output);
    return s.code ? s : read_line(x, run);
}

/* ---- samples */

static study_variant base_variant(const study *x, int setting) {
    const int64_t seed = x->settings[setting].seed;
    return (study_variant){.init = seed,
                           .sampling = seed,
                           .order = seed,
                           .bootstrap = -1,
                           .ranks = (int)x->file.ranks_per_run};
}

/* The number'th run of a source of noise. */
static study_variant vary(const study *x, int setting, noise_kind kind, int64_t number) {
    const study_setting *of = &x->settings[setting];
    study_variant v = base_variant(x, setting);
    switch (kind) {
    case NOISE_INIT:
        v.init = number;
        break;
    case NOISE_SAMPLING:
        v.sampling = number;
        break;
    case NOISE_ORDER:
        v.order = number;
        v.shuffles = of->schedule == SCHEDULE_HOGWILD && of->model != MODEL_GLOVE;
        break;
    case NOISE_BOOTSTRAP:
        v.bootstrap = number;
        break;
    case NOISE_REPEAT:
        v.repeat = number;
        break;
    default:
        v.init = v.sampling = v.order = number;
    }
    return v;
}

static status new_sample(study *x, noise_kind kind, int input, int setting, int n,
                         study_sample **sample) {
    size_t room = (size_t)x->n_samples;
    status s =
        mem_grow(&x->samples, &room, room + 1, sizeof *x->samples, "the sources of the study");
    if (s.code)
        return s;
    *sample = &x->samples[x->n_samples++];
    **sample = (study_sample){.kind = kind, .input = input, .setting = setting, .n_counts = 1};
    return mem_new(&(*sample)->runs, (size_t)n, sizeof *(*sample)->runs, "the runs of a source");
}

static int sample_size(const study *x, noise_kind kind) {
    return x->file.noise[kind].n * (kind == NOISE_RANKS ? (int)x->file.rank_seeds : 1);
}

/* The runs of a source; sample NULL: they are not compared with each other. */
static status open_variants(study *x, noise_kind kind, int input, int setting,
                            study_sample *sample) {
    const study_list *list = &x->file.noise[kind];
    const bool of_ranks = kind == NOISE_RANKS;
    const int seeds = of_ranks ? (int)x->file.rank_seeds : 1;
    status s = status_ok();
    for (int i = 0; i < sample_size(x, kind) && !s.code; i++) {
        const int64_t number = strtoll(list->items[i / seeds], NULL, 10);
        study_variant v = vary(x, setting, kind, of_ranks ? 1 + i % seeds : number);
        int run = 0;
        if (of_ranks)
            v.ranks = (int)number;
        s = find_run(x, input, setting, &v, &run);
        if (!s.code && sample)
            sample->runs[sample->n++] = run;
    }
    return s;
}

static status open_sample(study *x, noise_kind kind, int input, int setting) {
    study_sample *sample = NULL;
    status s = new_sample(x, kind, input, setting, sample_size(x, kind), &sample);
    if (s.code)
        return s;
    sample->n_counts = kind == NOISE_RANKS ? x->file.noise[kind].n : 1;
    return open_variants(x, kind, input, setting, sample);
}

/* A shuffled control is trained as the periods are, run for run: bootstraps are noisier than whole
 * corpora, and runs that share a seed nearer to each other than others, so that a control with
 * other runs than the truth would find change in noise. Only the truth's sources of noise are
 * compared. */
static status open_runs_of(study *x, int input, int setting) {
    status s = status_ok();
    bool has_noise = false;
    for (int i = 0; i < NOISE_KINDS && !s.code; i++) {
        const noise_kind kind = (noise_kind)i;
        if (!x->file.noise[kind].n || !study_applies(&x->settings[setting], kind))
            continue;
        has_noise = true;
        s = x->inputs[input].control ? open_variants(x, kind, input, setting, NULL)
                                     : open_sample(x, kind, input, setting);
    }
    if (s.code || has_noise)
        return s;
    const study_variant v = base_variant(x, setting);
    int run;
    return find_run(x, input, setting, &v, &run);
}

/* ---- all of it */

status study_open(study *x, const char *path, const options *o, const comm *world) {
    *x = (study){.o = o, .world = world};
    status s = study_file_open(&x->file, path);
    if (!s.code)
        s = common_folder(path, &x->folder);
    if (!s.code && o->ranks_per_run)
        x->file.ranks_per_run = o->ranks_per_run;
    if (!s.code)
        s = open_inputs(x);
    if (!s.code)
        s = open_settings(x);
    for (int input = 0; input < x->n_inputs && !s.code; input++)
        for (int setting = 0; setting < x->n_settings && !s.code; setting++)
            s = open_runs_of(x, input, setting);
    return s;
}

static void close_inputs(study *x) {
    for (int i = 0; i < x->n_inputs; i++) {
        study_input *input = &x->inputs[i];
        for (int f = 0; f < input->files.n; f++)
            mem_free(&input->files.items[f]);
        mem_free(&input->files.items);
        mem_free(&input->name);
        mem_free(&input->set);
        mem_free(&input->periods);
        mem_free(&input->path);
    }
    mem_free(&x->inputs);
}

void study_close(study *x) {
    close_inputs(x);
    for (int i = 0; i < x->n_settings; i++) {
        mem_free(&x->settings[i].name);
        mem_free(&x->settings[i].set.options);
    }
    for (int i = 0; i < x->n_runs; i++) {
        mem_free(&x->runs[i].name);
        mem_free(&x->runs[i].output);
        options_clear(&x->runs[i].o);
    }
    for (int i = 0; i < x->n_samples; i++)
        mem_free(&x->samples[i].runs);
    mem_free(&x->folder);
    mem_free(&x->settings);
    mem_free(&x->runs);
    mem_free(&x->samples);
    study_file_close(&x->file);
}
