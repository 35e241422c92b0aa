// SPDX-License-Identifier: Apache-2.0
#include "commands.h"

status command_stability(const options *o, const comm *world) {
    (void)o;
    (void)world;
    return status_error(STATUS_USAGE, "stability is being built");
}
