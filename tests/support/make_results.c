// SPDX-License-Identifier: Apache-2.0
/* make_results FOLDER: result files whose numbers are made up, for tests of what reads them.
 *
 *     stability.h5, epochs.h5, periods.h5   as the commands write them; words with markup, quotes,
 *                                           commands of gnuplot's and of right-to-left scripts
 *     empty.h5     tables without rows
 *     odd.h5       columns missing, or of another type; NaN and infinities everywhere */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "random.h"
#include "result.h"

enum { RUNS = 6, WORDS = 400, EPOCHS = 5, PERIODS = 4 };

static const char *const words[] = {
    "<b>&\"x\"",     "</script>",   "&lt;", "'; system('touch pwned'); '",
    "`touch pwned`", "العربية",     "שלום", "e",
    "END",           "\xFF\xFEraw", "~0~",  "日本語",
    "naïve",         "x\ty"};
enum { ODD_WORDS = sizeof words / sizeof *words };

static uint64_t drawn;
static double draw(void) {
    return random_unit(random_at(7, drawn++));
}

static const char *word(int i, char text[32]) {
    if (i < ODD_WORDS)
        return words[i];
    snprintf(text, 32, "word%d", i);
    return text;
}

#define COLUMNS(...) ((const result_column[]){__VA_ARGS__})
#define ADD(r, name, title, ...)                                                                   \
    result_add(r, name, title, COLUMNS(__VA_ARGS__),                                               \
               (int)(sizeof COLUMNS(__VA_ARGS__) / sizeof(result_column)))
#define T(name)                                                                                    \
    { name, RESULT_TEXT, 0 }
#define W(name)                                                                                    \
    { name, RESULT_WHOLE, 0 }
#define R(name)                                                                                    \
    { name, RESULT_REAL, 4 }

static void put_all(result_table *t, int n, const double *x) {
    for (int i = 0; i < n; i++)
        result_put_real(t, x[i]);
}

/* ---- stability */

static void add_runs(result *r) {
    result_table *t = ADD(r, "runs", "runs", T("run"), W("words"), W("dim"), W("epoch"), W("seed"),
                          T("model"), W("group"));
    for (int i = 0; i < RUNS; i++) {
        char path[64];
        snprintf(path, sizeof path, "some/folder/%s-%d.h5", i < RUNS / 2 ? "seed" : "bootstrap", i);
        result_put_string(t, path);
        result_put_whole(t, 30000);
        result_put_whole(t, 300);
        result_put_whole(t, 0);
        result_put_whole(t, i + 1);
        result_put_string(t, "skipgram");
        result_put_whole(t, i >= RUNS / 2);
    }
}

static void add_pairs(result *r) {
    result_table *t = ADD(r, "pairs", "pairs of runs", W("a"), W("b"), W("same_group"),
                          R("overlap"), R("jaccard"), R("eis"), R("cka"));
    for (int a = 0; a < RUNS; a++)
        for (int b = a + 1; b < RUNS; b++) {
            const bool seeds = b < RUNS / 2, same = seeds || a >= RUNS / 2;
            const double overlap = (seeds ? .74 : same ? .31 : .42) + .03 * draw();
            result_put_whole(t, a);
            result_put_whole(t, b);
            result_put_whole(t, same);
            put_all(t, 4, (double[]){overlap, overlap / (2 - overlap), .1 + .02 * draw(), NAN});
        }
}

static void add_measures(result *r) {
    static const char *const measures[] = {"overlap", "jaccard", "eis", "rsa_spearman"};
    static const char *const groups[] = {"seed", "bootstrap", "between groups"};
    result_table *t = ADD(r, "measures", "measures", T("measure"), T("group"), W("n_runs"),
                          W("n_pairs"), R("mean"), R("sd"), R("low"), R("high"), R("chance"));
    for (int m = 0; m < 4; m++)
        for (int g = 0; g < 3; g++) {
            const double mean = .75 - .2 * g - .04 * m;
            result_put_string(t, measures[m]);
            result_put_string(t, groups[g]);
            result_put_whole(t, RUNS / 2);
            result_put_whole(t, RUNS);
            put_all(t, 5, (double[]){mean, .01, mean - .03, mean + .04, m ? NAN : .00033});
        }
}

static void add_bins(result *r) {
    static const int ends[] = {100, 300, 1000, 3000, 10000, 30000};
    result_table *t = ADD(r, "bins", "by frequency", W("first"), W("last"), W("words"),
                          R("overlap"), R("low"), R("high"), R("jaccard"), R("sd"), R("chance"));
    for (int b = 0; b < 6; b++) {
        const double overlap = .8 - .02 * b * b;
        result_put_whole(t, b ? ends[b - 1] + 1 : 1);
        result_put_whole(t, ends[b]);
        result_put_whole(t, ends[b] - (b ? ends[b - 1] : 0));
        put_all(t, 6, (double[]){overlap, overlap - .02, overlap + .03, .5, .1, .00033});
    }
}

static void add_words(result *r) {
    result_table *t = ADD(r, "words", "words", T("word"), W("rank"), W("count"), R("mean"), R("sd"),
                          R("low"), R("high"), R("cosine"));
    for (int i = 0; i < WORDS; i++) {
        char text[32];
        const double mean = i < ODD_WORDS ? .01 * i : .2 + .7 * draw();
        result_put_string(t, word(i, text));
        result_put_whole(t, i + 1);
        result_put_whole(t, 100000 / (i + 1));
        put_all(t, 5, (double[]){mean, .1, mean - .05, mean + .06, .5 + mean / 2});
    }
}

static void add_spectrum(result *r, const char *series, int n) {
    result_table *t = ADD(r, "spectrum", "spectrum", W(series), W("index"), R("value"), R("share"));
    for (int s = 0; s < n; s++)
        for (int i = 1; i <= 300; i++) {
            result_put_whole(t, s + (*series == 'e'));
            result_put_whole(t, i);
            put_all(t, 2, (double[]){1.0 / i, .16 / pow(i, .8 + .05 * s)});
        }
}

static void add_neighbours(result *r, const char *series, int n) {
    result_table *t = ADD(r, "neighbours", "nearest words", T("word"), W(series), W("rank"),
                          T("neighbour"), R("cosine"));
    for (int w = 0; w < 3; w++)
        for (int s = 0; s < n; s++)
            for (int k = 0; k < 10; k++) {
                char a[32], b[32];
                result_put_string(t, word(w * 5, a));
                result_put_whole(t, s);
                result_put_whole(t, k + 1);
                result_put_string(t, word((int)(draw() * 14) + k % 4, b));
                result_put_real(t, .8 - .03 * k);
            }
}

static void make_stability(result *r) {
    result_init(r, "stability");
    result_fact_whole(r, "words", 30000);
    result_fact_whole(r, "k", 10);
    add_runs(r);
    add_pairs(r);
    add_measures(r);
    add_bins(r);
    add_words(r);
    add_spectrum(r, "run", RUNS);
    add_neighbours(r, "run", RUNS);
}

/* ---- drift */

static void make_epochs(result *r) {
    result_init(r, "drift");
    result_table *t = ADD(r, "epochs", "epochs", W("from"), W("to"), W("words"), R("displacement"),
                          R("displacement_aligned"), R("norm"), R("turnover"), R("update_norm"),
                          R("effective_rank"), R("purity"));
    for (int e = 1; e < EPOCHS; e++) {
        result_put_whole(t, e);
        result_put_whole(t, e + 1);
        result_put_whole(t, 30000);
        put_all(t, 7, (double[]){.3 / e, .2 / e, 1 + .3 * e, .6 / e, 90.0 / e, 120 - 9 * e, NAN});
    }
    t = ADD(r, "bins", "bins", W("from"), W("to"), W("first"), W("last"), W("words"),
            R("displacement_aligned"), R("turnover"));
    for (int e = 1; e < EPOCHS; e++)
        for (int b = 0; b < 4; b++) {
            result_put_whole(t, e);
            result_put_whole(t, e + 1);
            result_put_whole(t, b * 100 + 1);
            result_put_whole(t, b * 100 + 100);
            result_put_whole(t, 100);
            put_all(t, 2, (double[]){(.1 + .05 * b) / e, .2});
        }
    t = ADD(r, "words", "words", T("word"), W("rank"), W("count"), R("displacement_aligned"),
            R("norm_change"), R("turnover"));
    for (int i = 0; i < WORDS; i++) {
        char text[32];
        result_put_string(t, word(i, text));
        result_put_whole(t, i + 1);
        result_put_whole(t, 1000);
        put_all(t, 3, (double[]){draw(), draw(), draw()});
    }
    add_spectrum(r, "epoch", EPOCHS);
}

static void add_changes(result *r) {
    result_table *t =
        ADD(r, "words", "words", T("word"), W("from"), W("to"), W("rank"), W("count"), R("change"),
            R("low"), R("high"), R("within"), R("control"), R("p"), R("q"), W("significant"));
    for (int i = 0; i < WORDS; i++)
        for (int s = 0; s + 1 < PERIODS; s++) {
            char text[32];
            const double change = i < ODD_WORDS ? .9 - .05 * i + .04 * s : .3 * draw();
            result_put_string(t, word(i, text));
            result_put_whole(t, s);
            result_put_whole(t, s + 1);
            result_put_whole(t, i + 1);
            result_put_whole(t, 1000);
            put_all(
                t, 7,
                (double[]){change, change - .06, change + .08, .1, .08 + .05 * draw(), .001, .02});
            result_put_whole(t, i < ODD_WORDS);
        }
}

static void make_periods(result *r) {
    result_init(r, "drift");
    result_fact_real(r, "fdr", .05);
    result_table *t = ADD(r, "periods", "periods", W("period"), T("name"), W("runs"), W("words"));
    for (int i = 0; i < PERIODS; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d0s", 197 + i);
        result_put_whole(t, i);
        result_put_string(t, name);
        result_put_whole(t, 5);
        result_put_whole(t, 20000);
    }
    t = ADD(r, "steps", "steps", W("from"), W("to"), W("words"), R("displacement_aligned"),
            R("neighbourhood_shift"), R("turnover"), W("n_significant"), R("fdr"));
    for (int s = 0; s + 1 < PERIODS; s++) {
        result_put_whole(t, s);
        result_put_whole(t, s + 1);
        result_put_whole(t, 20000);
        put_all(t, 3, (double[]){.2 + .03 * s, 0, .5 - .05 * s});
        result_put_whole(t, 40 + 7 * s);
        result_put_real(t, .05);
    }
    t = ADD(r, "bins", "bins", W("from"), W("to"), W("first"), W("last"), W("words"), R("change"),
            R("within"), R("control"), W("n_significant"));
    for (int s = 0; s + 1 < PERIODS; s++)
        for (int b = 0; b < 5; b++) {
            result_put_whole(t, s);
            result_put_whole(t, s + 1);
            result_put_whole(t, b * 1000 + 1);
            result_put_whole(t, b * 1000 + 1000);
            result_put_whole(t, 1000);
            put_all(t, 3, (double[]){.2 + .05 * b + .03 * s, .1, .08 + .04 * b});
            result_put_whole(t, 9);
        }
    add_changes(r);
    add_neighbours(r, "period", PERIODS);
}

/* ---- what no command writes */

static void make_empty(result *r) {
    static const char *const names[] = {"runs",     "pairs", "measures",   "bins",   "words",
                                        "spectrum", "steps", "neighbours", "epochs", "periods"};
    result_init(r, "stability");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ADD(r, names[i], "", T("word"), R("mean"));
}

static void make_odd(result *r) {
    result_init(r, "stability");
    result_table *t = ADD(r, "measures", "", W("measure"), T("mean"), R("group"));
    result_put_whole(t, 1);
    result_put_string(t, "no number");
    result_put_real(t, INFINITY);
    t = ADD(r, "pairs", "", R("a"), R("b"), R("overlap"));
    for (int i = 0; i < 4; i++)
        put_all(t, 3, (double[]){i ? 1e300 : NAN, -INFINITY, i < 2 ? NAN : -1e300 * i});
    t = ADD(r, "bins", "", T("overlap"), R("first"), R("low"));
    result_put_string(t, "");
    put_all(t, 2, (double[]){NAN, INFINITY});
    t = ADD(r, "words", "", W("word"), R("mean"), R("rank"));
    result_put_whole(t, -1);
    put_all(t, 2, (double[]){INFINITY, NAN});
    t = ADD(r, "spectrum", "", R("run"), R("index"), R("share"));
    put_all(t, 6, (double[]){1e18, 0, 0, NAN, -1, -1});
    t = ADD(r, "neighbours", "", T("word"), T("neighbour"));
    for (int i = 0; i < 4; i++)
        result_put_string(t, "");
}

static int write_file(const char *folder, const char *name, void (*make)(result *r)) {
    const group alone = group_alone();
    char path[512];
    result r;
    h5_file *file;
    make(&r);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    status s = h5_create(&file, path, RESULT_FILE_KIND, RESULT_FILE_VERSION, &alone);
    if (!s.code)
        s = result_write(&r, file);
    if (!s.code)
        s = h5_commit(&file);
    result_clear(&r);
    if (s.code)
        fprintf(stderr, "%s\n", s.message);
    return s.code;
}

int main(int argc, char **argv) {
    if (argc != 2)
        return 2;
    const int failed = write_file(argv[1], "stability.h5", make_stability) ||
                       write_file(argv[1], "epochs.h5", make_epochs) ||
                       write_file(argv[1], "periods.h5", make_periods) ||
                       write_file(argv[1], "empty.h5", make_empty) ||
                       write_file(argv[1], "odd.h5", make_odd);
    h5_end();
    return failed;
}
