// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "memory.h"

const char *fuzz_file(const char *name, const uint8_t *data, size_t size) {
    FILE *f = fopen(name, "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f)) {
        perror(name);
        exit(1);
    }
    return name;
}

void fuzz_claim(bool holds, const char *claim) {
    if (holds)
        return;
    fprintf(stderr, "does not hold: %s\n", claim);
    abort();
}

bool fuzz_accepted(status s, status_code refusal) {
    if (s.code == STATUS_OK)
        return true;
    if (s.code != refusal || !s.message[0]) {
        fprintf(stderr, "refused with code %d: %s\n", (int)s.code, s.message);
        fuzz_claim(false, "a refusal has the right code and a message");
    }
    return false;
}

void fuzz_end(void) {
    fuzz_claim(mem_live_blocks() == 0, "every block of memory is given back");
}

uint8_t fuzz_take(fuzz_bytes *b) {
    return b->at < b->size ? b->data[b->at++] : 0;
}
