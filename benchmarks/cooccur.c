// SPDX-License-Identifier: Apache-2.0
/* Are two files of GloVe's co-occurrence records the same? Ours as `export --format
 * glove-cooccurrence` leaves it, theirs as GloVe's cooccur does, sorted by (word1, word2).
 * Usage: bench_cooccur OURS THEIRS; one JSON row. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

typedef struct {
    int32_t word1, word2;
    double value;
} record;

static record *read_records(const char *path, int64_t *n) {
    FILE *f = fopen(path, "rb");
    record *records = NULL;
    if (!f || fseek(f, 0, SEEK_END)) {
        perror(path);
        exit(1);
    }
    const long bytes = ftell(f);
    rewind(f);
    *n = bytes / (long)sizeof *records;
    if (mem_new(&records, (size_t)*n, sizeof *records, path).code ||
        fread(records, sizeof *records, (size_t)*n, f) != (size_t)*n) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(1);
    }
    fclose(f);
    return records;
}

/* Ours has the records of one word1 by rising word2: a stable sort by word1 sorts them all. */
static record *sort_by_word1(const record *records, int64_t n) {
    record *sorted = NULL;
    int64_t *starts = NULL;
    int32_t most = 0;
    for (int64_t k = 0; k < n; k++)
        most = records[k].word1 > most ? records[k].word1 : most;
    if (mem_new(&sorted, (size_t)n, sizeof *sorted, "records").code ||
        mem_new(&starts, (size_t)most + 2, sizeof *starts, "starts").code)
        exit(1);
    for (int64_t k = 0; k < n; k++)
        starts[records[k].word1 + 1]++;
    for (int32_t w = 0; w <= most; w++)
        starts[w + 1] += starts[w];
    for (int64_t k = 0; k < n; k++)
        sorted[starts[records[k].word1]++] = records[k];
    mem_free(&starts);
    return sorted;
}

int main(int argc, char **argv) {
    int64_t n_ours, n_theirs, other = 0;
    double largest = 0;
    if (argc != 3) {
        fprintf(stderr, "usage: bench_cooccur OURS THEIRS\n");
        return 2;
    }
    record *raw = read_records(argv[1], &n_ours), *theirs = read_records(argv[2], &n_theirs);
    record *ours = sort_by_word1(raw, n_ours);
    mem_free(&raw);
    for (int64_t k = 0; k < n_ours && k < n_theirs; k++) {
        other += ours[k].word1 != theirs[k].word1 || ours[k].word2 != theirs[k].word2;
        const double difference = fabs(ours[k].value / theirs[k].value - 1);
        largest = difference > largest || isnan(difference) ? difference : largest;
    }
    printf("{\"benchmark\": \"cooccur\", \"records\": %lld, \"records_of_glove\": %lld, "
           "\"other_words\": %lld, \"largest_relative_difference\": %.3g}\n",
           (long long)n_ours, (long long)n_theirs, (long long)other, largest);
    const int failed = n_ours != n_theirs || other || !(largest <= 1e-6);
    mem_free(&ours);
    mem_free(&theirs);
    return failed;
}
