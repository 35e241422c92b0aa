// SPDX-License-Identifier: Apache-2.0
#include "hogwild.h"

#include "train_rounds.h"

static const char *const TABLES[] = {"vectors", "outputs"};

/* ---- saving */

/* Padding goes along, so that rows lie in the file as they do in memory. */
static status save_rows(const hogwild *h, checkpoint *c, int side) {
    training *t = h->t;
    run_table table = training_table(t, side);
    table.name = TABLES[side];
    table.columns = (int64_t)t->width;
    if (t->replicas.n > 1 && !training_is_cut(t, side))
        table.data = t->places[side].base + (size_t)table.begin * t->width;
    return checkpoint_write_table(c, &table);
}

static status save_sums(const hogwild *h, checkpoint *c) {
    const comm *world = h->t->world;
    const loop_tally *mine = &h->tally;
    const double loss = comm_sum_real(world, mine->loss);
    const int64_t pairs = comm_sum(world, mine->pairs), tokens = comm_sum(world, mine->tokens);
    status s = checkpoint_write_real(c, "loss", loss);
    if (!s.code)
        s = checkpoint_write_int(c, "pairs", pairs);
    if (!s.code)
        s = checkpoint_write_int(c, "tokens", tokens);
    if (!s.code)
        s = checkpoint_write_real(c, "seconds", h->seconds);
    return s.code ? s : checkpoint_write_int(c, "merges", h->merges);
}

static status save(void *context, checkpoint *c) {
    const hogwild *h = context;
    status s = save_sums(h, c);
    if (!s.code && h->t->rounds)
        s = train_rounds_save(h->t, c);
    for (int side = 0; side < 2 && !s.code; side++)
        s = save_rows(h, c, side);
    return s;
}

/* ---- loading */

static status load_sums(hogwild *h, const checkpoint *c) {
    loop_tally all = {0};
    status s = checkpoint_read_real(c, "loss", &all.loss);
    if (!s.code)
        s = checkpoint_read_int(c, "pairs", &all.pairs);
    if (!s.code)
        s = checkpoint_read_int(c, "tokens", &all.tokens);
    if (!s.code)
        s = checkpoint_read_real(c, "seconds", &h->seconds);
    if (!s.code)
        s = checkpoint_read_int(c, "merges", &h->merges);
    if (comm_rank(h->t->world) == 0)
        h->tally = all;
    for (int side = 0; side < 2 && h->merger; side++)
        changes_go_on(&h->changes[side], (uint64_t)h->merges);
    return s;
}

static status load_pools(const hogwild *h, const checkpoint *c) {
    const loop_job job = hogwild_job(h, &h->t->local[0], h->resumed.epoch);
    return train_rounds_load(h->t, c, &job, h->resumed.part);
}

static status load(void *context, const checkpoint *c) {
    hogwild *h = context;
    training *t = h->t;
    status s = load_sums(h, c);
    if (!s.code && t->rounds)
        s = load_pools(h, c);
    s = comm_agree(t->world, s);
    for (int side = 0; side < 2 && !s.code; side++)
        s = training_rows_load(t, c, side, TABLES[side]);
    return s;
}

run_state hogwild_state(hogwild *h) {
    return (run_state){.save = save, .load = load, .context = h};
}
