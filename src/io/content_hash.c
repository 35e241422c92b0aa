// SPDX-License-Identifier: Apache-2.0
#include "content_hash.h"

#include <stdio.h>

void content_hash_text(const content_hash *h, char text[33]) {
    snprintf(text, 33, "%016llx%016llx", (unsigned long long)h->a, (unsigned long long)h->b);
}
