// SPDX-License-Identifier: Apache-2.0
#include "commands.h"

status command_report(const options *o, const comm *world) {
    (void)o;
    (void)world;
    return status_error(STATUS_USAGE, "report is being built");
}
