// SPDX-License-Identifier: Apache-2.0
#include "resample_draw.h"

#include <string.h>

#include "random.h"

void resample_draw(int64_t seed, int64_t n, int64_t begin, int64_t end, int32_t *copies) {
    const uint64_t key = random_key((uint64_t)seed, RANDOM_BOOTSTRAP, 0);
    memset(copies, 0, (size_t)(end - begin) * sizeof *copies);
    for (int64_t i = 0; i < n; i++) {
        const int64_t d = (int64_t)random_below_wide(random_at(key, (uint64_t)i), (uint64_t)n);
        if (d >= begin && d < end)
            copies[d - begin]++;
    }
}

/* A Feistel network permutes the numbers of twice `bits` bits whatever its rounds are; walking on
 * until the number is below n permutes those below n (Black & Rogaway 2002). */
int64_t resample_place(int64_t seed, int64_t n, int64_t d) {
    enum { ROUNDS = 8 };
    int bits = 1;
    while (bits < 31 && INT64_C(1) << (2 * bits) < n)
        bits++;
    const uint64_t mask = (UINT64_C(1) << bits) - 1;
    uint64_t x = (uint64_t)d;
    do {
        for (uint64_t round = 0; round < ROUNDS; round++) {
            const uint64_t left = x >> bits, right = x & mask;
            const uint64_t key = random_key((uint64_t)seed, RANDOM_SHUFFLE, round);
            x = right << bits | (left ^ (random_at(key, right) >> 32 & mask));
        }
    } while (x >= (uint64_t)n);
    return (int64_t)x;
}
