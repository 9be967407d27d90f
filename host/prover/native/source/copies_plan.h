// How many multiples of each point a sum shall have.
#pragma once
#include "windows.h"

// Passes between files, as Source does: so its functions are inlined.
struct CopiesPlan {
    int32_t window = 0, sets = 0, copies = 1;

    ALWAYS_INLINE int stride() const { return window * sets; }

    // The plan of the least additions for `count` random scalars, with `most` copies or fewer.
    static ALWAYS_INLINE CopiesPlan best(uint64_t count, int most) {
        CopiesPlan plan;
        double least_cost = 0;
        for (int bits = 4; bits <= GREATEST_WINDOW && most > 1; bits++) {
            const Windows windows(bits);
            const int sets = (windows.count + most - 1) / most;
            const double cost = (double)windows.count * (double)count + 2.15 * sets * windows.buckets();
            if (plan.window && cost >= least_cost) continue;
            least_cost = cost;
            plan.window = bits;
            plan.sets = sets;
            plan.copies = (windows.count + sets - 1) / sets;
        }
        return plan;
    }
};
