// SPDX-License-Identifier: Apache-2.0
/* How far does a schedule scale? One rank is one node; under SimGrid's SMPI the clock and the
 * network are simulated, and the messages are those of src/dist. scaling hogwild|strata|glove
 * NAME=VALUE...   one JSON row: seconds of a run and where they go scaling merging NAME=VALUE...
 * [counts=FILE]  one JSON row: bytes that rank 0 of `nodes` replicas sends in a run by the model of
 * touched rows, alone scaling handling NAME=VALUE...               one JSON row: seconds of this
 * machine to pack, fold and take in a row */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mpi.h>

#include "comm_internal.h"
#include "scaling.h"

static const settings DEFAULTS = {.tokens = 1e9,
                                  .epochs = 5,
                                  .words = 1e6,
                                  .dim = 300,
                                  .sample = 1e-4,
                                  .negative = 5,
                                  .pool_reuse = 20,
                                  .pairs = 6,
                                  .nonzeros = 1e9,
                                  .scale = 1000,
                                  .threads = 16,
                                  .speed = 1.77e6,
                                  .efficiency = 0.83,
                                  .merges = 163,
                                  .ramp = 0.1,
                                  .mergers = 1,
                                  .episodes = 16,
                                  .bandwidth = 3.125e9};

static const struct {
    const char *name;
    size_t offset;
} FIELDS[] = {
#define SCALING_ROW(name) {#name, offsetof(settings, name)},
    SCALING_SETTINGS(SCALING_ROW)
#undef SCALING_ROW
};

/* NAME=VALUE; false if there is no such setting. */
static bool set(settings *s, const char *argument) {
    const size_t length = strcspn(argument, "=");
    for (size_t i = 0; argument[length] && i < sizeof FIELDS / sizeof *FIELDS; i++)
        if (strlen(FIELDS[i].name) == length && !strncmp(FIELDS[i].name, argument, length)) {
            const double value = atof(argument + length + 1);
            memcpy((char *)s + FIELDS[i].offset, &value, sizeof value);
            return true;
        }
    return false;
}

/* SMPI's own nanosleep, which mpi.h names there, moves the simulated clock. */
void pass(double duration) {
    const double whole = floor(duration);
    const struct timespec t = {(time_t)whole, (long)((duration - whole) * 1e9)};
    if (duration > 0)
        nanosleep(&t, NULL);
}

static void print_run(const char *what, int nodes, const settings *s, const seconds *x) {
    printf("{\"benchmark\": \"scaling\", \"schedule\": \"%s\", \"nodes\": %d, \"threads\": %.0f, "
           "\"gbit\": %.0f, \"tokens\": %.4g, \"run_seconds\": %.1f, \"training_seconds\": %.1f, "
           "\"efficiency\": %.3f, \"network\": %.3f, \"handling\": %.3f, \"uneven\": %.3f, "
           "\"sent_gb\": %.7g}\n",
           what, nodes, s->threads, s->bandwidth * 8e-9, s->tokens * s->epochs * nodes, x->run,
           x->ideal, x->ideal / x->run, x->network / x->run, x->merging / x->run,
           x->uneven / x->run, x->sent / 1e9);
}

static int usage(const char *argument) {
    fprintf(stderr, "scaling: what is %s?\n", argument);
    return EXIT_FAILURE;
}

static void run(const comm *world, const char *what, const settings *s, const char *counts) {
    word_classes w;
    seconds x = {0};
    word_classes_create(&w, s, counts);
    const bool glove = !strcmp(what, "glove");
    if (glove || !strcmp(what, "strata"))
        x = groups_run_cluster(world, s, &w, glove);
    else
        x = rounds_run_cluster(world, s, &w);
    if (world->rank == 0)
        print_run(what, world->size, s, &x);
    word_classes_destroy(&w);
}

int main(int argc, char **argv) {
    settings s = DEFAULTS;
    const char *counts = NULL, *what = argc > 1 ? argv[1] : "nothing";
    MPI_Init(&argc, &argv);
    comm world = {.mpi = MPI_COMM_WORLD};
    MPI_Comm_rank(world.mpi, &world.rank);
    MPI_Comm_size(world.mpi, &world.size);
    for (int i = 2; i < argc; i++)
        if (!strncmp(argv[i], "counts=", 7))
            counts = argv[i] + 7;
        else if (!set(&s, argv[i]))
            return usage(argv[i]);
    if (!strcmp(what, "handling"))
        print_handling(&s);
    else if (!strcmp(what, "merging"))
        print_merging(&s, counts);
    else if (!strcmp(what, "hogwild") || !strcmp(what, "strata") || !strcmp(what, "glove"))
        run(&world, what, &s, counts);
    else
        return usage(what);
    MPI_Finalize();
    return EXIT_SUCCESS;
}
