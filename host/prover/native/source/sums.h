// sum(scalars[i] * points[i]): buckets of signed windows (Pippenger), each summed as a tree of affine
// additions in batches; scalars sorted by length, so that short ones take part in few windows.
#pragma once
#include "buckets.h"
#include "conversion.h"

namespace {

template <class G> class Sum {
    typedef typename G::F F;
    static constexpr int POINT = G::POINT;

  public:
    // The sum as an affine point times 2^256. Counts `work` units of progress. Scalars are four words
    // each, any below 2^256; points must have an order that divides r.
    static void run(const Source &points, const u64 *scalars, size_t count, Control *control, u64 work,
                    Affine<F> *result, Outcome &outcome) {
        *result = Affine<F>::infinity();
        if (!count) return advance(control, work);
        Sum *sum = create<Sum>();
        if (!sum) return outcome.fail(NO_MEMORY);
        sum->control_ = control;
        sum->outcome_ = &outcome;
        sum->scalars_ = scalars;
        sum->work_ = work;
        sum->threads_ = greatest(1, least(control ? control->threads : 1, MOST_THREADS));
        sum->all(points, count);
        if (!outcome.failed() && !is_cancelled(control)) *result = Point<F>::affine(sum->total());
        destroy(sum);
    }

  private:
    static constexpr int MOST_THREADS = 256;
    static constexpr int MOST_WINDOWS = 128;
    static constexpr size_t TASK_ROOM = (1 << 18) / POINT;  // entries of several windows in one task: 2 MB
    static constexpr size_t LEAST_SLICE = 1 << 13; // points below which a window is not cut further
    static constexpr size_t SERIAL = 1 << 13;      // scalars below which a thread's start costs more than a pass
    static constexpr int LENGTHS = SCALAR_BITS + 1;

    void all(const Source &points, size_t count) {
        if (!keep_points(points, count)) return;
        if (!sort_by_length()) return outcome_->fail(NO_MEMORY);
        if (!kept_) return advance(control_, work_);
        plan();
        if (!parts_.reserve((size_t)windows_.count * slices_)) return outcome_->fail(NO_MEMORY);
        for (int i = 0; i < windows_.count * slices_; i++) parts_[i] = Part<F>::none();
        on_workers<G>(threads_, tasks_, control_, work_, *outcome_,
                      [&](Worker<G> &worker, int number) { return task(worker, number); });
    }

    // The slots of the scalars that count, in each thread's share of all of them one after the other; and
    // the points: converted into the slots, or where they lie already, each in its scalar's place.
    bool keep_points(const Source &points, size_t count) {
        const int shares = (int)least((size_t)threads_, (count + Conversion<G>::PIECE - 1) / Conversion<G>::PIECE);
        size_t first_slot[MOST_THREADS + 1] = {}, found[MOST_THREADS] = {};
        auto counting = [&](int s) {
            size_t used = 0;
            for (size_t i = count * s / shares; i < count * (s + 1) / shares; i++)
                used += !is_zero_words(scalars_ + 4 * i, 4);
            first_slot[s + 1] = used;
        };
        if (count < SERIAL)
            for (int s = 0; s < shares; s++) counting(s);
        else on_threads(shares, counting);
        for (int s = 0; s < shares; s++) first_slot[s + 1] += first_slot[s];
        const size_t slots = first_slot[shares];
        in_place_ = points.converted;
        if ((!in_place_ && !converted_.reserve(slots * POINT + 4)) || !index_.reserve(slots + 1)) {
            outcome_->fail(NO_MEMORY);
            return false;
        }
        points_ = in_place_ ? (const u64 *)points.memory : converted_.data();
        auto share = [&](int s) {
            if (in_place_) {
                u32 *next = index_.data() + first_slot[s];
                for (size_t i = count * s / shares; i < count * (s + 1) / shares; i++)
                    if (!is_zero_words(scalars_ + 4 * i, 4) && !is_zero_words(points_ + i * POINT, POINT)) *next++ = (u32)i;
                found[s] = (size_t)(next - (index_.data() + first_slot[s]));
                return;
            }
            Conversion<G> *conversion = create<Conversion<G>>();
            if (!conversion || !conversion->prepare()) outcome_->fail(NO_MEMORY);
            else found[s] = conversion->run(
                points, scalars_, count * s / shares, count * (s + 1) / shares,
                converted_.data() + first_slot[s] * POINT, index_.data() + first_slot[s], control_, *outcome_);
            destroy(conversion);
        };
        on_threads(shares, share);
        shares_ = shares;
        memcpy(first_slot_, first_slot, sizeof first_slot);
        memcpy(found_, found, sizeof found);
        return !outcome_->failed() && !is_cancelled(control_);
    }

    // The longest scalars first, those of one length in their order; at_least_[b]: how many have b bits
    // or more. Every share counts its own, and then knows where they go.
    bool sort_by_length() {
        const size_t slots = first_slot_[shares_];
        Buffer<u8> lengths;
        Buffer<u32> places;
        if (!lengths.reserve(slots + 1) || !places.reserve((size_t)shares_ * LENGTHS)) return false;
        memset(places.data(), 0, (size_t)shares_ * LENGTHS * sizeof(u32));
        in_kept_shares([&](int s, size_t from, size_t to) {
            u32 *count = &places[(size_t)s * LENGTHS];
            for (size_t slot = from; slot < to; slot++) {
                u64 scalar[4];
                reduce_scalar(scalars_ + 4 * (size_t)index_[slot], scalar);
                count[lengths[slot] = (u8)length_of(scalar)]++;
            }
        });
        u32 place = 0;
        at_least_[LENGTHS] = 0;
        for (int bits = LENGTHS - 1; bits >= 0; bits--) {
            for (int s = 0; s < shares_; s++) {
                u32 &count = places[(size_t)s * LENGTHS + bits];
                place += count;
                count = place - count;  // from now on where the next one goes
            }
            at_least_[bits] = place;
        }
        kept_ = at_least_[1];  // a multiple of r has become 0
        windows_ = Windows(best_window());
        first_digit_[0] = 0;
        for (int w = 0; w < windows_.count; w++) first_digit_[w + 1] = first_digit_[w] + entries_of(w);
        if (!order_.reserve(kept_ + 1) || !digits_.reserve(first_digit_[windows_.count] + 1)) return false;
        in_kept_shares([&](int s, size_t from, size_t to) {
            u32 *next = &places[(size_t)s * LENGTHS];
            for (size_t slot = from; slot < to; slot++) {
                if (!lengths[slot]) continue;
                const u32 k = next[lengths[slot]]++;
                u64 scalar[4], biased[4];
                reduce_scalar(scalars_ + 4 * (size_t)index_[slot], scalar);
                order_[k] = in_place_ ? index_[slot] : (u32)slot;
                windows_.add_bias(scalar, biased);
                for (int w = 0; w < windows_.count && windows_.least_length(w) <= lengths[slot]; w++)
                    digits_[first_digit_[w] + k] = (int16_t)windows_.digit(biased, w);
            }
        });
        return true;
    }
    // body(share, first slot, slot after the last), on a thread each where that is worth while.
    template <class Body> void in_kept_shares(Body body) {
        auto share = [&](int s) { body(s, first_slot_[s], first_slot_[s] + found_[s]); };
        if (first_slot_[shares_] < SERIAL)
            for (int s = 0; s < shares_; s++) share(s);
        else on_threads(shares_, share);
    }

    // The window of the least additions: entries, two for each bucket in use, moving all buckets.
    int best_window() const {
        int best = 0;
        double least_cost = 0;
        for (int bits = 3; bits <= GREATEST_WINDOW; bits++) {
            const Windows windows(bits);
            double cost = 0, buckets = windows.buckets();
            for (int w = 0; w < windows.count; w++) {
                const double entries = at_least_[windows.least_length(w)];
                cost += entries + 2 * least(buckets, entries) + 0.15 * buckets;
            }
            if (!best || cost < least_cost) {
                best = bits;
                least_cost = cost;
            }
        }
        return best;
    }
    u32 entries_of(int w) const { return at_least_[windows_.least_length(w)]; }

    // A task is a group of windows of one slice of the scalars. Few points: several windows together,
    // so that batches are full. Many threads: several slices, so that all have work. Windows are first
    // cut in equal shares of work, one a thread, and each share in groups for which there is room.
    void plan() {
        slices_ = 1;
        while (slices_ * windows_.count < 2 * threads_ && kept_ / (slices_ + 1) >= LEAST_SLICE) slices_++;
        const int shares = least(windows_.count, (threads_ + slices_ - 1) / slices_);
        size_t all = 0;
        for (int w = 0; w < windows_.count; w++) all += work_of(w);
        int first = 0;
        size_t before = 0;
        groups_ = 0;
        for (int share = 0; share < shares; share++) {
            // At least one window, and one is left for each share to come.
            const int most = windows_.count - (shares - 1 - share);
            size_t work = work_of(first);
            int last = first + 1;
            for (; last < most && before + work + work_of(last) / 2 <= all * (share + 1) / shares; last++) work += work_of(last);
            if (share + 1 == shares) for (; last < most; last++) work += work_of(last);
            before += work;
            const int together = (int)least(greatest((size_t)1, TASK_ROOM * (last - first) / work), (size_t)(last - first));
            const int parts = (last - first + together - 1) / together;
            for (int part = 0; part < parts; part++) group_end_[groups_++] = first + (last - first) * (part + 1) / parts;
            first = last;
        }
        tasks_ = groups_ * slices_;
    }
    size_t work_of(int w) const { return entries_of(w) / slices_ + 2 * (size_t)windows_.buckets(); }

    bool task(Worker<G> &worker, int number) {
        const int slice = number / groups_, group = number % groups_;
        const int first = group ? group_end_[group - 1] : 0, last = group_end_[group];
        const u32 buckets = windows_.buckets(), all = buckets * (u32)(last - first);
        size_t most = 0;
        for (int w = first; w < last; w++) most += entries_of(w) / slices_ + 1;
        if (!worker.starts.reserve(all + 1) || !worker.lists.reserve(all) || !worker.entries.reserve(most))
            return false;
        const size_t total = fill_buckets(worker, slice, first, last);
        if (!total) return true;
        return Buckets<G>::sum(worker, worker.entries.data(), points_, buckets, last - first, &parts_[(size_t)slice * windows_.count + first]);
    }

    // Entries (index of a point, sign) of all buckets, in the order of the buckets; starts[k + 1] is
    // where bucket k ends.
    size_t fill_buckets(Worker<G> &worker, int slice, int first, int last) const {
        const u32 buckets = windows_.buckets(), all = buckets * (u32)(last - first);
        u32 *starts = worker.starts.data();
        memset(starts, 0, (all + 1) * sizeof *starts);
        for (int w = first; w < last; w++) {
            u32 *count = starts + (size_t)(w - first) * buckets;
            const size_t from = (size_t)entries_of(w) * slice / slices_, to = (size_t)entries_of(w) * (slice + 1) / slices_;
            const int16_t *const digits = digits_.data() + first_digit_[w];
            for (size_t k = from; k < to; k++) {
                const int digit = digits[k];
                // Digit 0 is counted one place too low, which the pass below does not look at.
                if (digit) count[(digit < 0 ? -digit : digit) - 1]++;
            }
        }
        const u32 total = worker.count_to_starts(all);
        for (int w = first; w < last; w++) {
            u32 *start = starts + (size_t)(w - first) * buckets;
            const size_t from = (size_t)entries_of(w) * slice / slices_, to = (size_t)entries_of(w) * (slice + 1) / slices_;
            const int16_t *const digits = digits_.data() + first_digit_[w];
            for (size_t k = from; k < to; k++) {
                const int digit = digits[k];
                if (digit) worker.entries[start[(digit < 0 ? -digit : digit) - 1]++] = order_[k] << 1 | (digit < 0);
            }
        }
        return total;
    }

    Point<F> total() const {
        Point<F> sum = Point<F>::infinity();
        for (int w = windows_.count - 1; w >= 0; w--)
            for (int level = windows_.bits - 1; level >= 0; level--) {
                sum = Point<F>::twice(sum);
                for (int slice = 0; slice < slices_; slice++) {
                    const Part<F> &part = parts_[(size_t)slice * windows_.count + w];
                    sum = Point<F>::add(sum, part.odd[level]);
                    if (level == 0) sum = Point<F>::add(sum, part.base);
                }
            }
        return sum;
    }

    Control *control_;
    Outcome *outcome_;
    const u64 *scalars_;
    u64 work_;
    int threads_, shares_, slices_, groups_, tasks_, group_end_[MOST_WINDOWS];
    size_t first_slot_[MOST_THREADS + 1], found_[MOST_THREADS];
    u32 kept_, at_least_[LENGTHS + 1];
    Windows windows_{1};
    size_t first_digit_[MOST_WINDOWS + 1];
    Buffer<int16_t> digits_;  // of every window, in the order of `order_`: see entries_of
    Buffer<u64> converted_;
    Buffer<u32> index_, order_;  // slot to scalar; place by length to the point's place
    const u64 *points_;
    bool in_place_;
    Buffer<Part<F>> parts_;
};

}  // namespace
