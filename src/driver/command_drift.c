// SPDX-License-Identifier: Apache-2.0
/* drift: change of the vectors between the epochs of a run, or between runs on several periods. */
#include "commands.h"
#include "drift_epochs.h"
#include "drift_periods.h"

status command_drift(const options *o, const comm *world) {
    const bool periods = o->periods.n || o->drift_controls.n;
    if (!o->inputs.n && !periods)
        return status_error(STATUS_USAGE, "no run given: one for the change between its epochs, "
                                          "several (or --periods) for that between periods");
    if (o->inputs.n && o->periods.n)
        return status_error(STATUS_USAGE,
                            "%s is given beside --periods: each run belongs to a period",
                            o->inputs.items[0]);
    status s = *o->output ? common_check_output(o, world) : status_ok();
    if (s.code)
        return s;
    return o->inputs.n == 1 && !periods ? drift_epochs_run(o, world) : drift_periods_run(o, world);
}
