// SPDX-License-Identifier: Apache-2.0
/* What one core can do at most with the vectors of an instruction set: multiply-adds, and reading
 * from the first and second level of the cache. In assembly, so that no compiler helps or hinders.
 * The instruction sets without an entry here have no peak. */
#ifndef WORDSHARD_BENCH_PEAKS_H
#define WORDSHARD_BENCH_PEAKS_H

#include <stddef.h>

#include "kernels.h"
#include "log.h"

typedef struct {
    double flops;  /* a second; 0 = not known */
    double l1, l2; /* bytes read a second */
} peaks;

#if defined(__x86_64__)

/* r: name of the registers. Twelve independent sums: two units, each with a delay of up to six. */
#define PEAK_FMA(r, n) "vfmadd231ps %%" r "14, %%" r "15, %%" r n "\n\t"
#define PEAK_FMAS(r)                                                                               \
    PEAK_FMA(r, "0")                                                                               \
    PEAK_FMA(r, "1")                                                                               \
    PEAK_FMA(r, "2")                                                                               \
    PEAK_FMA(r, "3")                                                                               \
    PEAK_FMA(r, "4")                                                                               \
    PEAK_FMA(r, "5")                                                                               \
    PEAK_FMA(r, "6")                                                                               \
    PEAK_FMA(r, "7")                                                                               \
    PEAK_FMA(r, "8")                                                                               \
    PEAK_FMA(r, "9")                                                                               \
    PEAK_FMA(r, "10")                                                                              \
    PEAK_FMA(r, "11")
#define PEAK_CLOBBERS                                                                              \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",       \
        "xmm11", "xmm14", "xmm15"
enum { PEAK_SUMS = 12 };

static void peak_fma512(long rounds) {
    __asm__ volatile("vzeroall\n1:\n\t" PEAK_FMAS("zmm") "dec %0\n\tjnz 1b\n\tvzeroupper"
                     : "+r"(rounds)::PEAK_CLOBBERS);
}

static void peak_fma256(long rounds) {
    __asm__ volatile("vzeroall\n1:\n\t" PEAK_FMAS("ymm") "dec %0\n\tjnz 1b\n\tvzeroupper"
                     : "+r"(rounds)::PEAK_CLOBBERS);
}

/* Four vectors of the buffer; its size is a multiple of that. */
static void peak_read512(const char *at, const char *end) {
    __asm__ volatile("1:\n\tvmovaps (%0), %%zmm0\n\tvmovaps 64(%0), %%zmm1\n\t"
                     "vmovaps 128(%0), %%zmm2\n\tvmovaps 192(%0), %%zmm3\n\t"
                     "add $256, %0\n\tcmp %1, %0\n\tjb 1b\n\tvzeroupper"
                     : "+r"(at)
                     : "r"(end)
                     : "memory", PEAK_CLOBBERS);
}

static void peak_read256(const char *at, const char *end) {
    __asm__ volatile("1:\n\tvmovaps (%0), %%ymm0\n\tvmovaps 32(%0), %%ymm1\n\t"
                     "vmovaps 64(%0), %%ymm2\n\tvmovaps 96(%0), %%ymm3\n\t"
                     "add $128, %0\n\tcmp %1, %0\n\tjb 1b\n\tvzeroupper"
                     : "+r"(at)
                     : "r"(end)
                     : "memory", PEAK_CLOBBERS);
}

static double peak_flops(void (*run)(long rounds), int lanes) {
    enum { ROUNDS = 4000, REPEATS = 51 };
    double best = 1;
    for (int r = 0; r < REPEATS; r++) {
        const double begin = clock_seconds();
        run(ROUNDS);
        const double seconds = clock_seconds() - begin;
        best = seconds < best ? seconds : best;
    }
    return 2.0 * PEAK_SUMS * lanes * ROUNDS / best;
}

static double peak_bytes(void (*run)(const char *at, const char *end), const char *buffer,
                         size_t bytes) {
    enum { REPEATS = 51, TOTAL = 1 << 22 };
    double best = 1;
    for (int r = 0; r < REPEATS; r++) {
        const double begin = clock_seconds();
        for (size_t done = 0; done < TOTAL; done += bytes)
            run(buffer, buffer + bytes);
        const double seconds = clock_seconds() - begin;
        best = seconds < best ? seconds : best;
    }
    return TOTAL / best;
}

#endif

/* buffer: 256 KiB, 64-byte aligned. */
static peaks peaks_of(kernels_isa isa, const void *buffer) {
    peaks p = {0};
#if defined(__x86_64__)
    enum { L1_BYTES = 1 << 14, L2_BYTES = 1 << 18 };
    if (isa == ISA_AVX512)
        p = (peaks){.flops = peak_flops(peak_fma512, 16),
                    .l1 = peak_bytes(peak_read512, buffer, L1_BYTES),
                    .l2 = peak_bytes(peak_read512, buffer, L2_BYTES)};
    if (isa == ISA_AVX2)
        p = (peaks){.flops = peak_flops(peak_fma256, 8),
                    .l1 = peak_bytes(peak_read256, buffer, L1_BYTES),
                    .l2 = peak_bytes(peak_read256, buffer, L2_BYTES)};
#else
    (void)isa;
    (void)buffer;
#endif
    return p;
}

#endif
