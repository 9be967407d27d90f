// scalars[i] * P for many scalars and one P, as a setup needs them: a table of the digits' multiples of
// every window, then the digits of each scalar as one list, summed by the same trees. No doublings.
#pragma once
#include "sums.h"

namespace {

template <class G> class Multiples {
    typedef typename G::F F;
    static constexpr int POINT = G::POINT;
    static constexpr size_t BLOCK = 1024;  // scalars at once

  public:
    // `out[i]` = scalars[i] * point, affine times 2^256; scalars are any below 2^256.
    static void run(const u64 *point, const u64 *scalars, size_t count, u64 *out, Control *control,
                    Outcome &outcome) {
        Multiples *self = create<Multiples>();
        if (!self) return outcome.fail(NO_MEMORY);
        self->all(Affine<F>::load(point), scalars, count, out, control, outcome);
        destroy(self);
    }

  private:
    // Table rows cost 2^(c-1) additions, scalars one a row.
    static int best_window(size_t count) {
        int best = 4;
        double least_cost = 1e300;
        for (int bits = 4; bits <= 14; bits++) {
            const Windows windows(bits);
            const double cost = windows.count * ((double)windows.buckets() + (double)count);
            if (cost < least_cost) {
                least_cost = cost;
                best = bits;
            }
        }
        return best;
    }

    void all(const Affine<F> &point, const u64 *scalars, size_t count, u64 *out, Control *control, Outcome &outcome) {
        if (point.is_infinity()) {
            memset(out, 0, count * POINT * 8);
            return advance(control, count);
        }
        windows_ = Windows(best_window(count));
        if (!make_table(point, control)) return outcome.fail(NO_MEMORY);
        size_t next = 0;
        auto body = [&](int) {
            Worker<G> *worker = create<Worker<G>>();
            if (!worker || !worker->additions.prepare(control) || !worker->lists.reserve(BLOCK) ||
                !worker->points.reserve(BLOCK * windows_.count * POINT))
                outcome.fail(NO_MEMORY);
            while (!outcome.failed() && !is_cancelled(control)) {
                const size_t from = __atomic_fetch_add(&next, BLOCK, __ATOMIC_RELAXED);
                if (from >= count) break;
                const size_t some = least(BLOCK, count - from);
                block(*worker, scalars + 4 * from, some, out + from * POINT);
                advance(control, some);
            }
            destroy(worker);
        };
        on_threads(least(control ? control->threads : 1, (int)((count + BLOCK - 1) / BLOCK)), body);
    }

    // Row w, entry k: (k + 1) 2^(cw) P. Powers of two by doubling; then k + 1 = 2^j + m from the entries
    // m and 2^j, all rows at once.
    bool make_table(const Affine<F> &point, const Control *control) {
        const u32 buckets = windows_.buckets();
        Additions<G> *additions = create<Additions<G>>();
        bool room = additions && additions->prepare(control) && table_.reserve((size_t)windows_.count * buckets * POINT);
        if (room) {
            Point<F> power = Point<F>::of(point);
            for (int w = 0; w < windows_.count; w++)
                for (int j = 0; j < windows_.bits; j++) {
                    store_point<G>(entry(w, (u32)1 << j), Point<F>::affine(power));
                    power = Point<F>::twice(power);
                }
            for (int j = 1; ((u32)1 << j) < buckets; j++) {
                for (int w = 0; w < windows_.count; w++)
                    for (u32 m = 1; m < (u32)1 << j; m++)
                        additions->push(entry(w, m), entry(w, (u32)1 << j), entry(w, ((u32)1 << j) + m));
                additions->flush();
            }
        }
        destroy(additions);
        return room;
    }
    u64 *entry(int w, u32 multiple) {
        return table_.data() + ((size_t)w * windows_.buckets() + multiple - 1) * POINT;
    }

    void block(Worker<G> &worker, const u64 *scalars, size_t count, u64 *out) {
        const size_t room = (size_t)windows_.count * POINT;
        for (size_t i = 0; i < count; i++) {
            u64 scalar[4], biased[4];
            reduce_scalar(scalars + 4 * i, scalar);
            windows_.add_bias(scalar, biased);
            uintptr_t terms[128];
            u32 used = 0;
            for (int w = 0; w < windows_.count; w++) {
                const int digit = windows_.digit(biased, w);
                if (!digit) continue;
                const u64 *term = entry(w, (u32)(digit < 0 ? -digit : digit));
                for (int line = 0; line < POINT; line += 8) __builtin_prefetch(term + line);
                terms[used++] = (uintptr_t)term | (digit < 0);
            }
            u64 *to = worker.points.data() + i * room;
            worker.lists[i] = {(u32)(i * windows_.count), (used + 1) / 2};
            u32 first = used & 1;
            if (first) {
                memcpy(to, (const u64 *)(terms[0] & ~(uintptr_t)1), POINT * 8);
                if (terms[0] & 1) negate_point<G>(to);
                to += POINT;
            }
            for (; first < used; first += 2, to += POINT) worker.additions.push(terms[first], terms[first + 1], to);
        }
        worker.additions.flush();
        sum_lists<G>(worker.additions, worker.points.data(), worker.lists.data(), count);
        for (size_t i = 0; i < count; i++) {
            Affine<F> sum = Affine<F>::infinity();
            if (worker.lists[i].length) sum = load_point<G>(worker.points.data() + i * room);
            memcpy(out + i * POINT, &sum, POINT * 8);
        }
    }

    Windows windows_{1};
    Buffer<u64> table_;
};

}  // namespace
