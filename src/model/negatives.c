// SPDX-License-Identifier: Apache-2.0
#include "negatives.h"

#include <stdbool.h>

#include "memory.h"
#include "random.h"

status negatives_create(negatives *n, int count, int size, int reuse) {
    *n = (negatives){.count = count, .size = size, .reuse = reuse, .fresh = -1};
    const status s = mem_new(&n->words, 2 * (size_t)size, sizeof *n->words, "a pool of negatives");
    n->pool = n->words;
    return s;
}

void negatives_clear(negatives *n) {
    mem_free(&n->words);
}

void negatives_use_places(negatives *n, const row_places *places) {
    n->places = places;
    n->pool = n->words + n->size;
    for (int i = 0; i < n->size; i++)
        n->pool[i] = places_find(places, n->words[i]);
}

void negatives_begin_epoch(negatives *n, uint64_t seed, int epoch) {
    n->own_key = random_key(seed, RANDOM_NEGATIVE, (uint64_t)epoch);
    n->pick_key = random_key(seed, RANDOM_PICK, (uint64_t)epoch);
}

/* ---- the pool */

/* The table of negatives is seldom in the cache: the place of the draw after this is asked for. */
static int32_t draw_next(negatives *n, const sampler *s) {
    const uint64_t draw = random_at(n->draw_key, n->drawn++);
    sampler_ask(s, random_at(n->draw_key, n->drawn));
    return sampler_negative(s, draw);
}

void negatives_begin_chunk(negatives *n, const sampler *s, int64_t begin) {
    n->draw_key = n->own_key ^ random_mix((uint64_t)begin + 1);
    n->drawn = 0;
    for (int i = 0; i < n->size; i++)
        n->words[i] = draw_next(n, s);
    n->at = n->owed = 0;
}

static inline void replace(negatives *n, const sampler *s, int at) {
    const int32_t word = draw_next(n, s);
    n->words[at] = word;
    n->fresh = n->places ? places_find(n->places, word) : word;
    n->pool[at] = n->fresh;
}

void negatives_rotate(negatives *n, const sampler *s) {
    for (n->owed += n->count; n->owed >= n->reuse; n->owed -= n->reuse) {
        replace(n, s, n->at);
        if (++n->at == n->size)
            n->at = 0;
    }
}

void negatives_turn_to(negatives *n, const sampler *s, uint64_t turns) {
    const uint64_t size = (uint64_t)n->size, end = turns + size;
    if (end < n->drawn || end - n->drawn > size)
        n->drawn = turns;
    while (n->drawn < end)
        replace(n, s, (int)(n->drawn % size));
}

negatives_place negatives_where(const negatives *n) {
    return (negatives_place){.drawn = (int64_t)n->drawn, .owed = n->owed};
}

/* Draw d is in entry d mod size until the pool has turned once more. */
void negatives_restore(negatives *n, const sampler *s, int64_t begin, negatives_place at) {
    const uint64_t size = (uint64_t)n->size;
    negatives_begin_chunk(n, s, begin);
    n->drawn = (uint64_t)at.drawn - size;
    for (uint64_t i = 0; i < size; i++) {
        const uint64_t entry = n->drawn % size;
        n->words[entry] = draw_next(n, s);
    }
    n->at = (int)((uint64_t)at.drawn % size);
    n->owed = (int)at.owed;
}

int64_t negatives_foresee(const negatives *n, const sampler *s, int64_t n_windows, int32_t *words) {
    const int64_t draws = (n->owed + n_windows * n->count) / n->reuse;
    for (int i = 0; i < n->size; i++)
        words[i] = n->words[i];
    for (int64_t i = 0; i < draws; i++) {
        sampler_ask(s, random_at(n->draw_key, n->drawn + (uint64_t)i + 1));
        words[n->size + i] = sampler_negative(s, random_at(n->draw_key, n->drawn + (uint64_t)i));
    }
    return n->size + draws;
}

static inline bool is_picked(const int32_t *picked, int n, int32_t word) {
    for (int i = 0; i < n; i++)
        if (picked[i] == word)
            return true;
    return false;
}

int negatives_pick(const negatives *n, int32_t centre, int64_t position, int32_t *picked) {
    enum { BITS = 12, PICKS = 5 }; /* of one 64-bit draw */
    int found = 1;
    uint64_t draw = 0;
    picked[0] = centre;
    for (int tries = 0; found <= n->count && tries < 4 * n->count + 16; tries++) {
        if (tries % PICKS == 0)
            draw = random_at(n->pick_key, (uint64_t)position * 1024 + (uint64_t)(tries / PICKS));
        int slot = (int)(((draw & ((1u << BITS) - 1)) * (uint32_t)n->size) >> BITS);
        draw >>= BITS;
        if (!is_picked(picked, found, n->pool[slot]))
            picked[found++] = n->pool[slot];
    }
    return found;
}

/* ---- own draws */

int negatives_draw(const negatives *n, const sampler *s, int32_t centre, int64_t position,
                   int ordinal, int32_t *picked) {
    const uint64_t key = random_at(n->own_key, (uint64_t)position);
    const uint64_t first = (uint64_t)ordinal * (uint64_t)n->count;
    int found = 1;
    picked[0] = centre;
    for (int i = 0; i < n->count; i++) {
        int32_t word = sampler_negative(s, random_at(key, first + (uint64_t)i));
        if (!is_picked(picked, found, word))
            picked[found++] = word;
    }
    return found;
}
