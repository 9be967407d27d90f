// From buckets of points to sum(k * bucket k): trees of affine additions, then halving.
#pragma once
#include "additions.h"
#include "windows.h"

namespace {

// What one thread needs to sum windows; kept from task to task.
template <class G> struct Worker {
    Additions<G> additions;
    Buffer<u32> entries, starts;
    Buffer<u64> wide_entries;
    Buffer<List> lists, odd_lists;
    Buffer<u64> points, halves[2], odds;

    // `starts` has how many entries each of so many buckets has; from now on, where each one's begin, and
    // `lists` how many. Returns how many there are in all.
    u32 count_to_starts(u32 buckets) {
        u32 total = 0;
        for (u32 k = 0; k < buckets; k++) {
            const u32 length = starts[k];
            lists[k].length = length;
            starts[k] = total;
            total += length;
        }
        return total;
    }
};

// task(worker, number), false where memory is short, for number 0..tasks-1, on so many threads or fewer, each
// with a worker of its own. Counts `work` units of progress.
template <class G, class Task>
void on_workers(int threads, int tasks, Control *control, u64 work, Outcome &outcome, Task task) {
    int next = 0;
    auto body = [&](int) {
        Worker<G> *worker = create<Worker<G>>();
        if (!worker || !worker->additions.prepare(control)) outcome.fail(NO_MEMORY);
        while (!outcome.failed() && !is_cancelled(control)) {
            const int number = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED);
            if (number >= tasks) break;
            if (!task(*worker, number)) outcome.fail(NO_MEMORY);
            advance(control, work * (number + 1) / tasks - work * number / tasks);
        }
        destroy(worker);
    };
    on_threads(least(threads, tasks), body);
}

// Of the buckets of one window: sum((k + 1) B_k) = base + sum(2^level odd[level]).
template <class F> struct Part {
    Affine<F> base, odd[GREATEST_WINDOW];

    static Part none() {
        Part part;
        part.base = Affine<F>::infinity();
        for (auto &odd : part.odd) odd = part.base;
        return part;
    }
};

// With worker.lists[k].length entries of bucket k, one bucket after the other; an entry is twice the index of
// a point, plus 1 for its opposite.
template <class G> class Buckets {
    typedef typename G::F F;
    static constexpr int POINT = G::POINT;

  public:
    // Sums of `windows` windows with as many buckets each, a power of two; false where memory is short.
    template <class Entry>
    static bool sum(Worker<G> &worker, const Entry *entries, const u64 *points, u32 buckets, int windows, Part<F> *parts) {
        if (!first_round(worker, entries, points, buckets * (u32)windows)) return false;
        sum_lists<G>(worker.additions, worker.points.data(), worker.lists.data(), (size_t)buckets * windows);
        return weigh(worker, buckets, windows, parts);
    }

  private:
    // The first additions read the points that entries name; half as many are left in the work area.
    template <class Entry>
    static bool first_round(Worker<G> &worker, const Entry *entry, const u64 *points, u32 all) {
        u32 first = 0;
        for (u32 k = 0; k < all; k++) first += (worker.lists[k].length + 1) / 2;
        if (!worker.points.reserve((size_t)first * POINT)) return false;
        first = 0;
        for (u32 k = 0; k < all; k++) {
            List &list = worker.lists[k];
            u64 *out = worker.points.data() + (size_t)first * POINT;
            u32 pairs = list.length / 2;
            if (list.length & 1) {
                memcpy(out, points + (size_t)(*entry >> 1) * POINT, POINT * 8);
                if (*entry & 1) negate_point<G>(out);
                entry++;
                out += POINT;
            }
            for (; pairs; pairs--, entry += 2, out += POINT) {
                const u64 *a = points + (size_t)(entry[0] >> 1) * POINT;
                const u64 *b = points + (size_t)(entry[1] >> 1) * POINT;
                for (int line = 0; line < POINT; line += 8) {
                    __builtin_prefetch(a + line);
                    __builtin_prefetch(b + line);
                }
                worker.additions.push((uintptr_t)a | (entry[0] & 1), (uintptr_t)b | (entry[1] & 1), out);
            }
            list.length = (list.length + 1) / 2;
            list.first = first;
            first += list.length;
        }
        worker.additions.flush();
        return true;
    }

    // sum((k + 1) B_k), k from 0, of each of `windows` windows. With B'_m = B_2m + B_2m+1,
    //   sum(k B_k) = sum(B_2m+1) + 2 sum(m B'_m),
    // so at every level the buckets at odd places are summed apart, and neighbours are added, until one
    // is left: sum(B_k), the base.
    static bool weigh(Worker<G> &worker, u32 buckets, int windows, Part<F> *parts) {
        const size_t all = (size_t)buckets * windows;
        if (!worker.halves[0].reserve(all * POINT) || !worker.halves[1].reserve(all * POINT / 2 + POINT) ||
            !worker.odds.reserve(all * POINT + POINT) || !worker.odd_lists.reserve((size_t)windows * __builtin_ctz(buckets) + 1))
            return false;
        u64 *now = worker.halves[0].data();
        for (size_t k = 0; k < all; k++) {
            if (worker.lists[k].length) memcpy(now + k * POINT, worker.points.data() + (size_t)worker.lists[k].first * POINT, POINT * 8);
            else memset(now + k * POINT, 0, POINT * 8);
        }
        u32 odds = 0;
        int level = 0;
        for (u32 left = buckets; left > 1; left /= 2, level++) {
            // Not in place: empty buckets are copied, additions are written later.
            u64 *next = worker.halves[(level + 1) & 1].data();
            for (int w = 0; w < windows; w++) {
                List &list = worker.odd_lists[(size_t)level * windows + w];
                list = {odds, 0};
                for (u32 k = (u32)w * (left / 2); k < (u32)(w + 1) * (left / 2); k++) {
                    const u64 *even = now + (size_t)2 * k * POINT, *odd = even + POINT;
                    u64 *out = next + (size_t)k * POINT;
                    const bool no_even = is_zero_words(even, POINT), no_odd = is_zero_words(odd, POINT);
                    if (!no_odd) {
                        memcpy(&worker.odds[(size_t)(odds++) * POINT], odd, POINT * 8);
                        list.length++;
                    }
                    if (no_even || no_odd) memcpy(out, no_even ? odd : even, POINT * 8);
                    else worker.additions.push(even, odd, out);
                }
            }
            worker.additions.flush();
            now = next;
        }
        sum_lists<G>(worker.additions, worker.odds.data(), worker.odd_lists.data(), (size_t)level * windows);
        for (int w = 0; w < windows; w++) {
            Part<F> &part = parts[w];
            part.base = load_point<G>(now + (size_t)w * POINT);
            for (int l = 0; l < level; l++) {
                const List &list = worker.odd_lists[(size_t)l * windows + w];
                if (list.length) part.odd[l] = load_point<G>(&worker.odds[(size_t)list.first * POINT]);
            }
        }
        return true;
    }
};

}  // namespace
