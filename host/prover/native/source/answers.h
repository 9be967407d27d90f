// How the library's functions are seen from outside, and what they answer.
#pragma once
#include "control.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

// Answer with a fault: cancelled before anything else, since results are then not whole.
int32_t answer(const Outcome &outcome, const Control *control, Fault *fault) {
    memset(fault, 0, sizeof *fault);
    if (outcome.failed()) *fault = outcome.fault();
    else if (is_cancelled(control)) fault->code = CANCELLED;
    return fault->code;
}

}  // namespace
