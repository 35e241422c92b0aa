// SPDX-License-Identifier: Apache-2.0
/* Words of the first run in the plane: principal components and t-SNE, with clusters. */
#include "map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "categories.h"
#include "commands.h"
#include "log.h"
#include "memory.h"
#include "neighbours.h"
#include "report.h"

enum { FEWEST_WORDS = 10, ITERATIONS = 1000, CENTRAL_WORDS = 12 };

typedef struct {
    unit_rows rows;
    int32_t *clusters;           /* [n] */
    double *central;             /* [n] cosine with the centre of its cluster */
    int32_t *places;             /* [n] 0 = the most central of its cluster */
    double *components, *points; /* [n][MAP_AXES] */
    int k;
} mapping;

static void clear(mapping *m) {
    mem_free(&m->rows.rows);
    mem_free(&m->clusters);
    mem_free(&m->central);
    mem_free(&m->places);
    mem_free(&m->components);
    mem_free(&m->points);
}

static status allocate(mapping *m) {
    const size_t n = (size_t)m->rows.n;
    status s = mem_new(&m->clusters, n, sizeof *m->clusters, "a map of words");
    if (!s.code)
        s = mem_new(&m->central, n, sizeof *m->central, "a map of words");
    if (!s.code)
        s = mem_new(&m->places, n, sizeof *m->places, "a map of words");
    if (!s.code)
        s = mem_new(&m->components, n * MAP_AXES, sizeof *m->components, "a map of words");
    if (!s.code)
        s = mem_new(&m->points, n * MAP_AXES, sizeof *m->points, "a map of words");
    return s;
}

/* ---- clusters: larger ones first, their words by closeness to the centre */

static status cluster(report *r, mapping *m) {
    categories_result quality;
    int32_t *none = NULL; /* known classes: one */
    status s = comm_agree(r->world, mem_new(&none, (size_t)m->rows.n, sizeof *none, "clusters"));
    if (!s.code)
        s = categories_cluster(r->world, &m->rows, m->k, none, 1, common_threads(r->o), &quality,
                               m->clusters);
    mem_free(&none);
    return s;
}

typedef struct {
    int64_t n;
    int32_t old;
} size_of_cluster;

static int compare_sizes(const void *a, const void *b) {
    const size_of_cluster *x = a, *y = b;
    return x->n != y->n ? (x->n < y->n ? 1 : -1) : (x->old > y->old) - (x->old < y->old);
}

static void sort_clusters(mapping *m) {
    size_of_cluster sizes[32] = {0};
    int32_t new_of[32];
    for (int c = 0; c < m->k; c++)
        sizes[c].old = c;
    for (int64_t i = 0; i < m->rows.n; i++)
        sizes[m->clusters[i]].n++;
    qsort(sizes, (size_t)m->k, sizeof *sizes, compare_sizes);
    for (int c = 0; c < m->k; c++)
        new_of[sizes[c].old] = c;
    for (int64_t i = 0; i < m->rows.n; i++)
        m->clusters[i] = new_of[m->clusters[i]];
}

static void find_centrality(const mapping *m, int c, float *centre) {
    const unit_rows *rows = &m->rows;
    memset(centre, 0, (size_t)rows->dim * sizeof *centre);
    for (int64_t i = 0; i < rows->n; i++)
        for (int64_t j = 0; j < rows->dim && m->clusters[i] == c; j++)
            centre[j] += rows->rows[(size_t)i * rows->stride + (size_t)j];
    neighbours_normalise(centre, rows->dim);
    for (int64_t i = 0; i < rows->n; i++)
        if (m->clusters[i] == c)
            m->central[i] =
                neighbours_dot(rows->rows + (size_t)i * rows->stride, centre, rows->dim);
}

static status rank_words(mapping *m) {
    float *centre;
    status s = mem_new(&centre, (size_t)m->rows.dim, sizeof *centre, "a centre");
    for (int c = 0; c < m->k && !s.code; c++)
        find_centrality(m, c, centre);
    for (int64_t i = 0; i < m->rows.n; i++)
        for (int64_t j = 0; j < m->rows.n; j++)
            m->places[i] +=
                m->clusters[i] == m->clusters[j] &&
                (m->central[j] > m->central[i] || (m->central[j] == m->central[i] && j < i));
    mem_free(&centre);
    return s;
}

/* ---- the plane: rank 0 */

static status place_words(report *r, mapping *m) {
    const map_settings settings = {
        .perplexity = r->o->perplexity, .iterations = ITERATIONS, .threads = common_threads(r->o)};
    map_quality quality = {0};
    log_info("a map of %lld words by t-SNE", (long long)m->rows.n);
    status s = map_components(&m->rows, settings.threads, m->components, r->shares);
    memcpy(m->points, m->components, (size_t)m->rows.n * MAP_AXES * sizeof *m->points);
    if (!s.code)
        s = map_neighbours(&m->rows, &settings, m->points, &quality);
    r->tsne_perplexity = quality.perplexity;
    r->tsne_divergence = quality.divergence;
    return s;
}

static void fill_map(report *r, const mapping *m) {
    static const result_column columns[] = {
        {"word", RESULT_TEXT, 0},        {"rank", RESULT_WHOLE, 0},
        {"cluster", RESULT_WHOLE, 0},    {"central", RESULT_REAL, 3},
        {"place", RESULT_WHOLE, 0},      {"component_1", RESULT_REAL, 4},
        {"component_2", RESULT_REAL, 4}, {"tsne_1", RESULT_REAL, 3},
        {"tsne_2", RESULT_REAL, 3}};
    result_table *t = result_add(&r->data, "map", "words in the plane", columns,
                                 sizeof columns / sizeof *columns);
    for (int64_t i = 0; t && i < m->rows.n; i++) {
        size_t length;
        const char *word = embedding_word(&r->runs[0].words, (int32_t)i, &length);
        result_put_text(t, word, length);
        result_put_whole(t, i + 1);
        result_put_whole(t, m->clusters[i]);
        result_put_real(t, m->central[i]);
        result_put_whole(t, m->places[i]);
        for (int axis = 0; axis < MAP_AXES; axis++)
            result_put_real(t, m->components[i * MAP_AXES + axis]);
        for (int axis = 0; axis < MAP_AXES; axis++)
            result_put_real(t, m->points[i * MAP_AXES + axis]);
    }
}

static status make_map(report *r, mapping *m) {
    status s = allocate(m);
    if (!s.code)
        s = embedding_rows(&r->runs[0].words, m->rows.n, NULL, 0, &m->rows);
    s = comm_agree(r->world, s);
    if (!s.code)
        s = cluster(r, m);
    if (s.code || comm_rank(r->world) != 0)
        return s;
    sort_clusters(m);
    s = rank_words(m);
    if (!s.code)
        s = place_words(r, m);
    if (!s.code)
        fill_map(r, m);
    return s;
}

status report_find_map(report *r) {
    const int64_t wanted = r->o->map_words, there = r->n_runs ? r->runs[0].words.n : 0;
    mapping m = {.rows.n = wanted < there ? wanted : there, .k = (int)r->o->clusters};
    if (m.rows.n < FEWEST_WORDS)
        return status_ok();
    if (m.k > m.rows.n)
        m.k = (int)m.rows.n;
    const status s = make_map(r, &m);
    clear(&m);
    return comm_agree(r->world, s);
}

/* ---- on the page */

static bool has_map(const report *r) {
    return result_find(&r->data, "map");
}

static status draw(report *r, const result_table *t, const char *title, const char *x,
                   const char *y) {
    char id[16];
    report_begin_figure(r, false);
    const chart_points spec = {.c = {.data = t,
                                     .id = report_chart_id(r, 0, id),
                                     .title = title,
                                     .width = CHART_WIDTH,
                                     .height = 560},
                               .x = x,
                               .y = y,
                               .group = "cluster",
                               .label = "word",
                               .weight = "place"};
    return chart_draw_points(&r->page, &spec);
}

/* The words of each cluster that are nearest to its centre. */
static void put_clusters(report *r, const result_table *t) {
    static const char *const shapes[CHART_STYLES] = {"●", "■", "▲", "◆", "○", "□", "△", "◇"};
    page *p = &r->page;
    page_put(p, "<dl>\n");
    for (int c = 0; c < (int)r->o->clusters; c++) {
        int64_t n = 0;
        for (int64_t i = 0; i < result_rows(t); i++)
            n += chart_real(t, i, "cluster") == c;
        if (!n)
            continue;
        page_print(p, "<dt><span style=\"color:var(--c%d)\">%s</span> %c · %lld words</dt><dd>",
                   c % CHART_STYLES + 1, shapes[c % CHART_STYLES], 'A' + c, (long long)n);
        for (int place = 0; place < CENTRAL_WORDS; place++)
            for (int64_t i = 0; i < result_rows(t); i++)
                if (chart_real(t, i, "cluster") == c && chart_real(t, i, "place") == place) {
                    size_t length;
                    const char *word = chart_text(t, i, "word", &length);
                    page_put(p, place ? ", " : "");
                    page_word(p, word, length);
                }
        page_put(p, "</dd>\n");
    }
    page_put(p, "</dl>\n");
}

static status write_map(report *r) {
    const result_table *t = result_find(&r->data, "map");
    page *p = &r->page;
    char how[512];
    report_begin_section(r, report_map.id, report_map.title, NULL);
    page_print(p, "<p>The %lld most frequent words of ", (long long)result_rows(t));
    page_word(p, r->runs[0].label, strlen(r->runs[0].label));
    page_put(p, ", in clusters by spherical k-means in all dimensions. The words of each that are "
                "nearest to its centre:</p>\n");
    put_clusters(r, t);
    status s = draw(r, t, "Map of words by t-SNE", "tsne_1", "tsne_2");
    snprintf(how, sizeof how,
             "Words that are near each other here are mostly near in all dimensions; distances "
             "between groups, and their sizes, mean little. Letters and shapes: clusters. "
             "Perplexity %.4g, Kullback–Leibler divergence %.3f nats (0 = all neighbourhoods "
             "kept), started from principal components.",
             r->tsne_perplexity, r->tsne_divergence);
    report_end_figure(r, "Map of words by t-SNE", how, t);
    if (!s.code)
        s = draw(r, t, "Map of words by principal components", "component_1", "component_2");
    snprintf(how, sizeof how,
             "The two directions in which these vectors vary most, with %.1f %% and %.1f %% of the "
             "variance; here distances are true, but the rest of the variance is not seen. Letters "
             "and shapes as above.",
             100 * r->shares[0], 100 * r->shares[1]);
    report_end_figure(r, "Map of words by principal components", how, NULL);
    report_end_section(r);
    return s;
}

const report_section report_map = {"map", "Map of words", has_map, write_map};
