// sum(scalars[i] * points[i]) with multiples of every point at hand: windows share their buckets.
//
// Beside a point lie its multiples by 2^(stride j), j = 0, 1, ... (see copies.h). With stride = sets * window,
// window w of a scalar takes copy w / sets, and its digit counts in set w % sets of buckets: `sets` times the
// buckets instead of one for each window, so that windows can be wider and additions fewer. (The same as the
// accelerator's, hdl/plans.py; E. Brickell et al., "Fast exponentiation with precomputation", 1992.)
#pragma once
#include "buckets.h"

namespace {

template <class G> class CopiedSum {
    typedef typename G::F F;
    static constexpr int POINT = G::POINT;

  public:
    // As Sum::run; `points` are those of Copies::run_converted, with their plan.
    static void run(const Source &points, const u64 *scalars, size_t count, Control *control, u64 work,
                    Affine<F> *result, Outcome &outcome) {
        *result = Affine<F>::infinity();
        CopiedSum *sum = create<CopiedSum>();
        if (!sum) return outcome.fail(NO_MEMORY);
        sum->points_ = (const u64 *)points.memory;
        sum->plan_ = points.plan;
        sum->windows_ = Windows(points.plan.window);
        sum->scalars_ = scalars;
        sum->count_ = count;
        sum->threads_ = greatest(1, control ? control->threads : 1);
        sum->all(control, work, outcome);
        if (!outcome.failed() && !is_cancelled(control)) *result = Point<F>::affine(sum->total());
        destroy(sum);
    }

  private:
    static constexpr size_t TASK_ENTRIES = 1 << 16;
    static constexpr size_t LEAST_SHARE_OF_SCALARS = 1 << 11;
    static constexpr u32 LEAST_BUCKETS = 64;  // of a task
    static constexpr int ENTRY_BITS = 40;     // of an entry, above them its bucket's number within the task

    void all(Control *control, u64 work, Outcome &outcome) {
        cut();
        if (!partition()) return outcome.fail(NO_MEMORY);
        if (!parts_.reserve(tasks_)) return outcome.fail(NO_MEMORY);
        for (int i = 0; i < tasks_; i++) parts_[i] = Part<F>::none();
        on_workers<G>(threads_, tasks_, control, work, outcome,
                      [&](Worker<G> &worker, int number) { return task(worker, number); });
    }

    // A task is a range of buckets of a set: as many as fill the cache, and some for every thread, since the
    // lower ones have more entries where the top window is not full.
    void cut() {
        const size_t entries = count_ * windows_.count / plan_.sets;
        ranges_ = 1;
        while (windows_.buckets() / (2 * ranges_) >= LEAST_BUCKETS &&
               (entries / ranges_ > TASK_ENTRIES || (threads_ > 1 && plan_.sets * ranges_ < 4 * threads_)))
            ranges_ *= 2;
        buckets_ = windows_.buckets() / ranges_;
        levels_ = __builtin_ctz(buckets_);
        tasks_ = plan_.sets * ranges_;
    }

    // Every digit that is not 0: emit(task, bucket within the task, entry).
    template <class Emit> INLINE void digits(size_t from, size_t to, Emit emit) const {
        for (size_t i = from; i < to; i++) {
            if (is_zero_words(scalars_ + 4 * i, 4)) continue;
            u64 scalar[4], biased[4];
            reduce_scalar(scalars_ + 4 * i, scalar);
            const int length = length_of(scalar);
            if (!length || is_zero_words(points_ + i * plan_.copies * POINT, POINT)) continue;
            windows_.add_bias(scalar, biased);
            for (int w = 0, set = 0, copy = 0; w < windows_.count && windows_.least_length(w) <= length; w++) {
                const int digit = windows_.digit(biased, w);
                const u32 bucket = (u32)(digit < 0 ? -digit : digit) - 1;
                if (digit) emit((int)(set * ranges_ + (bucket >> levels_)), bucket & (buckets_ - 1),
                                (i * plan_.copies + copy) << 1 | (digit < 0));
                if (++set == plan_.sets) set = 0, copy++;
            }
        }
    }

    // Entries sorted by task: every share of the scalars counts, and then knows where its entries go.
    bool partition() {
        const int shares = (int)greatest((size_t)1, least((size_t)threads_, count_ / LEAST_SHARE_OF_SCALARS));
        Buffer<size_t> places;
        if (!places.reserve((size_t)shares * tasks_) || !ends_.reserve(tasks_ + 1)) return false;
        memset(places.data(), 0, (size_t)shares * tasks_ * sizeof(size_t));
        auto counting = [&](int s) {
            size_t *count = &places[(size_t)s * tasks_];
            digits(count_ * s / shares, count_ * (s + 1) / shares, [=](int task, u32, u64) { count[task]++; });
        };
        on_threads(shares, counting);
        size_t place = 0;
        for (int task = 0; task < tasks_; task++) {
            for (int s = 0; s < shares; s++) {
                size_t &count = places[(size_t)s * tasks_ + task];
                place += count;
                count = place - count;
            }
            ends_[task] = place;
        }
        if (!entries_.reserve(place + 1)) return false;
        u64 *const entries = entries_.data();
        auto placing = [&](int s) {
            size_t *next = &places[(size_t)s * tasks_];
            digits(count_ * s / shares, count_ * (s + 1) / shares,
                   [=](int task, u32 bucket, u64 entry) { entries[next[task]++] = (u64)bucket << ENTRY_BITS | entry; });
        };
        on_threads(shares, placing);
        return true;
    }

    bool task(Worker<G> &worker, int number) {
        const size_t from = number ? ends_[number - 1] : 0, to = ends_[number];
        if (from == to) return true;
        if (!worker.starts.reserve(buckets_ + 1) || !worker.lists.reserve(buckets_) || !worker.wide_entries.reserve(to - from))
            return false;
        u32 *const starts = worker.starts.data();
        memset(starts, 0, buckets_ * sizeof *starts);
        for (size_t i = from; i < to; i++) starts[entries_[i] >> ENTRY_BITS]++;
        worker.count_to_starts(buckets_);
        constexpr u64 ENTRY = ((u64)1 << ENTRY_BITS) - 1;
        for (size_t i = from; i < to; i++) worker.wide_entries[starts[entries_[i] >> ENTRY_BITS]++] = entries_[i] & ENTRY;
        return Buckets<G>::sum(worker, worker.wide_entries.data(), points_, buckets_, 1, &parts_[number]);
    }

    // Bucket b of range r is worth b + 1 + r buckets_: base counts once more for every bit of r, as high as
    // it lies.
    Point<F> total() const {
        Point<F> sum = Point<F>::infinity();
        for (int set = plan_.sets - 1; set >= 0; set--)
            for (int level = plan_.window - 1; level >= 0; level--) {
                sum = Point<F>::twice(sum);
                for (int range = 0; range < ranges_; range++) {
                    const Part<F> &part = parts_[set * ranges_ + range];
                    if (level < levels_) sum = Point<F>::add(sum, part.odd[level]);
                    else if (range >> (level - levels_) & 1) sum = Point<F>::add(sum, part.base);
                    if (level == 0) sum = Point<F>::add(sum, part.base);
                }
            }
        return sum;
    }

    const u64 *points_, *scalars_;
    size_t count_;
    CopiesPlan plan_;
    Windows windows_{1};
    int threads_, ranges_, levels_, tasks_;
    u32 buckets_;
    Buffer<size_t> ends_;
    Buffer<u64> entries_;
    Buffer<Part<F>> parts_;
};

}  // namespace
