// SPDX-License-Identifier: Apache-2.0
#include "memory.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGNMENT = 64, LARGE = 128 << 10 };
static const size_t HUGE_PAGE = (size_t)2 << 20;

/* The accounts are the one mutable global of the program: they describe the process. */
static atomic_size_t live_bytes, limit_bytes;
static atomic_llong live_blocks;
static atomic_llong refuse_after = -1;

static void *load(void *slot) {
    void *pointer;
    memcpy(&pointer, slot, sizeof pointer);
    return pointer;
}

static void store(void *slot, void *pointer) {
    memcpy(slot, &pointer, sizeof pointer);
}

static int is_refused(void) {
    long long left = atomic_load(&refuse_after);
    return left >= 0 && atomic_fetch_sub(&refuse_after, 1) <= 0;
}

static void add_live(size_t bytes) {
    atomic_fetch_add(&live_bytes, bytes);
    atomic_fetch_add(&live_blocks, 1);
}

static void *take(size_t bytes, int zeroed) {
    size_t limit = atomic_load(&limit_bytes);
    if (is_refused() || (limit && atomic_load(&live_bytes) + bytes > limit))
        return NULL;
    int huge = bytes >= 2 * HUGE_PAGE;
    size_t alignment = huge ? HUGE_PAGE : ALIGNMENT;
    if (bytes > SIZE_MAX - alignment)
        return NULL;
    void *block = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (!block)
        return NULL;
    if (huge)
        (void)madvise(block, bytes, MADV_HUGEPAGE);
    if (zeroed)
        memset(block, 0, bytes);
    add_live(malloc_usable_size(block));
    return block;
}

static status refusal(size_t count, size_t size, const char *what) {
    char asked[32], live[32];
    size_t limit = atomic_load(&limit_bytes);
    mem_format(asked, (double)count * (double)size);
    mem_format(live, (double)mem_live_bytes());
    if (limit) {
        char most[32];
        return status_error(STATUS_SPACE, "not enough memory for %s: %s asked, %s in use, limit %s",
                            what, asked, live, mem_format(most, (double)limit));
    }
    return status_error(STATUS_SPACE, "not enough memory for %s: %s asked, %s in use", what, asked,
                        live);
}

status mem_new(void *slot, size_t count, size_t size, const char *what) {
    store(slot, NULL);
    size_t bytes;
    if (__builtin_mul_overflow(count ? count : 1, size, &bytes))
        return refusal(count, size, what);
    void *block = take(bytes, 1);
    if (!block)
        return refusal(count, size, what);
    store(slot, block);
    return status_ok();
}

status mem_grow(void *slot, size_t *capacity, size_t need, size_t size, const char *what) {
    if (need <= *capacity)
        return status_ok();
    size_t wanted = *capacity + *capacity / 2, bytes;
    if (wanted < need)
        wanted = need;
    if (wanted < 16)
        wanted = 16;
    if (__builtin_mul_overflow(wanted, size, &bytes))
        return refusal(wanted, size, what);
    void *block = take(bytes, 0);
    if (!block)
        return refusal(wanted, size, what);
    void *old = load(slot);
    if (old)
        memcpy(block, old, *capacity * size);
    mem_free(slot);
    store(slot, block);
    *capacity = wanted;
    return status_ok();
}

void mem_free(void *slot) {
    void *block = load(slot);
    if (!block)
        return;
    atomic_fetch_sub(&live_bytes, malloc_usable_size(block));
    atomic_fetch_sub(&live_blocks, 1);
    free(block);
    store(slot, NULL);
}

status mem_string(char **slot, const char *text) {
    size_t n = strlen(text) + 1;
    status s = mem_new(slot, n, 1, "a string");
    if (!s.code)
        memcpy(*slot, text, n);
    return s;
}

void mem_set_limit(size_t bytes) {
    atomic_store(&limit_bytes, bytes);
}

size_t mem_live_bytes(void) {
    return atomic_load(&live_bytes);
}

int64_t mem_live_blocks(void) {
    return atomic_load(&live_blocks);
}

void mem_start(void) {
    (void)mallopt(M_MMAP_THRESHOLD, LARGE);
}

void mem_trim(void) {
    (void)malloc_trim(0);
}

void mem_refuse_after(int64_t n) {
    atomic_store(&refuse_after, n);
}

size_t mem_available(void) {
    FILE *f = fopen("/proc/meminfo", "r");
    char line[256];
    unsigned long long kib = 0;
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
            break;
    if (f)
        fclose(f);
    return (size_t)kib << 10;
}

char *mem_format(char text[32], double bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    size_t unit = 0;
    while (bytes >= 1024 && unit + 1 < sizeof units / sizeof *units) {
        bytes /= 1024;
        unit++;
    }
    snprintf(text, 32, unit ? "%.2f %s" : "%.0f %s", bytes, units[unit]);
    return text;
}
