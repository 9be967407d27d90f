// sum(scalars[i] * points[i]): buckets of signed windows (Pippenger), each summed as a tree of affine
// additions in batches; scalars sorted by length, so that short ones take part in few windows.
#pragma once
#include "additions.h"

namespace {

constexpr int SCALAR_BITS = 254;
constexpr int GREATEST_WINDOW = 16;

// The bits of a number of four words: 0 for 0.
INLINE int length_of(const u64 *s) {
    for (int i = 3; i >= 0; i--)
        if (s[i]) return 64 * i + 64 - __builtin_clzll(s[i]);
    return 0;
}

// A scalar below r, from any below 2^256 (which is less than 6 r).
INLINE void reduce_scalar(const u64 *s, u64 *out) {
    memcpy(out, s, 32);
    if (__builtin_expect(out[3] < ScalarModulus::P[3], 1)) return;
    while (__builtin_expect(!is_below(out, ScalarModulus::P), 0)) {
        u64 borrow = 0;
        for (int i = 0; i < 4; i++) out[i] = subtract_borrow(out[i], ScalarModulus::P[i], borrow);
    }
}

// Signed digits without carries: with B = sum(2^(c-1) 2^(cw)), the digit of s in window w is
// bits cw .. cw+c-1 of s + B, less 2^(c-1). So windows can be cut in any order. A top window that ends
// beyond bit 256 has no such term, and plain digits.
class Windows {
  public:
    int bits, count;

    explicit Windows(int width) : bits(width), count((SCALAR_BITS + width) / width) {
        for (int w = 0; w < count; w++)
            if (is_signed(w)) bias_[(width * w + width - 1) / 64] |= (u64)1 << ((width * w + width - 1) % 64);
    }
    INLINE void add_bias(const u64 *scalar, u64 *out) const {
        u64 carry = 0;
        UNROLL for (int i = 0; i < 4; i++) out[i] = add_carry(scalar[i], bias_[i], carry);
        CHECK(carry == 0);
    }
    // The digit from -2^(c-1) to 2^(c-1) of a scalar to which the bias was added.
    INLINE int digit(const u64 *biased, int w) const {
        int bit = bits * w, word = bit / 64, shift = bit % 64;
        u64 x = biased[word] >> shift;
        if (shift && word < 3) x |= biased[word + 1] << (64 - shift);
        return (int)(x & (((u64)1 << bits) - 1)) - (is_signed(w) ? 1 << (bits - 1) : 0);
    }
    // The length from which a scalar has a digit in window w or above: the window below may carry.
    int least_length(int w) const { return greatest(1, bits * w - 1); }
    u32 buckets() const { return (u32)1 << (bits - 1); }

  private:
    bool is_signed(int w) const { return bits * w + bits - 1 < 256; }
    u64 bias_[4] = {};
};

// Copies points to memory in the radix of G's vector class, checked; without those that do not count,
// where the scalar is 0, and infinity, unless `scalars` is null: then all of them, in their places.
template <class G> class Conversion {
    typedef typename G::V V;
    static constexpr int POINT = G::POINT, NUMBERS = POINT / 4;
    typedef Lanes<BaseModulus> Base;

  public:
    static constexpr size_t PIECE = 1024;  // points at once

    bool prepare() { return room_.reserve(PIECE * POINT); }

    // Points from..to-1; those that count go to `out` one after the other, the index of each to
    // `indices`. Returns how many.
    size_t run(const Source &points, const u64 *scalars, size_t from, size_t to, u64 *out, u32 *indices,
               const Control *control, Outcome &outcome) {
        size_t kept = 0;
        for (size_t first = from; first < to && !is_cancelled(control); first += PIECE) {
            const size_t count = least(PIECE, to - first);
            const u8 *piece = points.fetch((u64)first * POINT * 8, count * POINT * 8, (u8 *)room_.data(), outcome);
            if (!piece || !check(points, (const u64 *)piece, first, count, outcome)) return kept;
            size_t used = 0;
            for (size_t i = 0; i < count; i++) {
                const u64 *point = (const u64 *)piece + i * POINT;
                if (scalars) {
                    if (is_zero_words(scalars + 4 * (first + i), 4) || is_zero(point)) continue;
                    indices[kept + used] = (u32)(first + i);
                }
                used_[used++] = point;
            }
            convert(used, out + kept * POINT);
            kept += used;
        }
        return kept;
    }

  private:
    static INLINE bool is_zero(const u64 *point) {
        u64 any = 0;
        UNROLL for (int i = 0; i < POINT; i++) any |= read_as<u64>(point + i);
        return any == 0;
    }
    static bool check(const Source &points, const u64 *piece, size_t first, size_t count, Outcome &outcome) {
        for (size_t i = 0; i < count * NUMBERS; i++) {
            if (__builtin_expect(read_as<u64>(piece + 4 * i + 3) < BaseModulus::P[3], 1)) continue;
            if (Fp::load(piece + 4 * i).is_canonical()) continue;
            Fault fault = points.at((first * NUMBERS + i) * 32);
            fault.code = NOT_BELOW_PRIME;
            fault.index = first + i / NUMBERS;
            outcome.fail(fault);
            return false;
        }
        return true;
    }
    void convert(size_t count, u64 *out) {
        if (!G::SCALED) {
            for (size_t i = 0; i < count; i++) memcpy(out + i * POINT, used_[i], POINT * 8);
            return;
        }
        const Base factor = Base::broadcast(PowerOfTwo<BaseModulus, 2 * V::RADIX_BITS - 256>::value);
        static const u64 zero[4] = {};
        u64 sink[4];
        const size_t numbers = count * NUMBERS;
        for (size_t n = 0; n < numbers; n += V::LANES) {
            const u64 *from[V::LANES];
            u64 *to[V::LANES];
            for (int l = 0; l < V::LANES; l++) {
                const size_t k = n + l;
                from[l] = k < numbers ? used_[k / NUMBERS] + k % NUMBERS * 4 : zero;
                to[l] = k < numbers ? out + k * 4 : sink;
            }
            Base::canonical(Base::mul(Base::load(from, 0), factor)).store(to, 0);
        }
    }

    Buffer<u64> room_;
    const u64 *used_[PIECE];
};

// What one thread needs to sum windows; kept from task to task.
template <class G> struct Worker {
    Additions<G> additions;
    Conversion<G> conversion;
    Buffer<u32> entries, starts;
    Buffer<int16_t> digits;
    Buffer<List> lists, odd_lists;
    Buffer<u64> points, halves[2], odds;
};

template <class G> class Sum {
    typedef typename G::F F;
    static constexpr int WORDS = G::WORDS, POINT = G::POINT;

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

    // Of one window and slice: sum(k B_k) = base + sum(2^level odd[level]).
    struct Part {
        Affine<F> base, odd[GREATEST_WINDOW];
    };

    void all(const Source &points, size_t count) {
        if (!keep_points(points, count)) return;
        if (!sort_by_length()) return outcome_->fail(NO_MEMORY);
        if (!kept_) return advance(control_, work_);
        plan();
        if (!parts_.reserve((size_t)windows_.count * slices_)) return outcome_->fail(NO_MEMORY);
        const Affine<F> none = Affine<F>::infinity();
        for (int i = 0; i < windows_.count * slices_; i++) {
            parts_[i].base = none;
            for (auto &odd : parts_[i].odd) odd = none;
        }
        int next = 0;
        auto body = [&](int) {
            Worker<G> *worker = create<Worker<G>>();
            if (!worker || !worker->additions.prepare(control_)) outcome_->fail(NO_MEMORY);
            while (!outcome_->failed() && !is_cancelled(control_)) {
                const int number = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED);
                if (number >= tasks_) break;
                if (!task(*worker, number)) outcome_->fail(NO_MEMORY);
                advance(control_, work_ * (number + 1) / tasks_ - work_ * number / tasks_);
            }
            destroy(worker);
        };
        on_threads(least(threads_, tasks_), body);
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
        if (!order_.reserve(kept_ + 1) || !biased_.reserve(4 * (size_t)kept_ + 4)) return false;
        windows_ = Windows(best_window());
        in_kept_shares([&](int s, size_t from, size_t to) {
            u32 *next = &places[(size_t)s * LENGTHS];
            for (size_t slot = from; slot < to; slot++) {
                if (!lengths[slot]) continue;
                const u32 k = next[lengths[slot]]++;
                u64 scalar[4];
                reduce_scalar(scalars_ + 4 * (size_t)index_[slot], scalar);
                order_[k] = in_place_ ? index_[slot] : (u32)slot;
                windows_.add_bias(scalar, &biased_[4 * (size_t)k]);
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
        if (!worker.starts.reserve(all + 1) || !worker.lists.reserve(all) || !worker.digits.reserve(most) ||
            !worker.entries.reserve(most))
            return false;
        const size_t total = fill_buckets(worker, slice, first, last);
        if (!total) return true;
        if (!first_round(worker, all)) return false;
        sum_lists<G>(worker.additions, worker.points.data(), worker.lists.data(), all);
        return weigh(worker, slice, first, last);
    }

    // Entries (index of a point, sign) of all buckets, in the order of the buckets; starts[k + 1] is
    // where bucket k ends.
    size_t fill_buckets(Worker<G> &worker, int slice, int first, int last) const {
        const u32 buckets = windows_.buckets(), all = buckets * (u32)(last - first);
        u32 *starts = worker.starts.data();
        memset(starts, 0, (all + 1) * sizeof *starts);
        int16_t *digits = worker.digits.data();
        for (int w = first; w < last; w++) {
            u32 *count = starts + (size_t)(w - first) * buckets;
            const size_t from = (size_t)entries_of(w) * slice / slices_, to = (size_t)entries_of(w) * (slice + 1) / slices_;
            for (size_t k = from; k < to; k++) {
                const int digit = windows_.digit(&biased_[4 * k], w);
                *digits++ = (int16_t)digit;
                // Digit 0 is counted one place too low, which the pass below does not look at.
                if (digit) count[(digit < 0 ? -digit : digit) - 1]++;
            }
        }
        u32 total = 0;
        for (u32 k = 0; k < all; k++) {
            const u32 count = starts[k];
            worker.lists[k].length = count;
            starts[k] = total;
            total += count;
        }
        digits = worker.digits.data();
        for (int w = first; w < last; w++) {
            u32 *start = starts + (size_t)(w - first) * buckets;
            const size_t from = (size_t)entries_of(w) * slice / slices_, to = (size_t)entries_of(w) * (slice + 1) / slices_;
            for (size_t k = from; k < to; k++) {
                const int digit = *digits++;
                if (digit) worker.entries[start[(digit < 0 ? -digit : digit) - 1]++] = order_[k] << 1 | (digit < 0);
            }
        }
        return total;
    }

    // The first additions read the converted points; half as many are left in the work area.
    bool first_round(Worker<G> &worker, u32 all) const {
        u32 first = 0;
        for (u32 k = 0; k < all; k++) first += (worker.lists[k].length + 1) / 2;
        if (!worker.points.reserve((size_t)first * POINT)) return false;
        const u32 *entry = worker.entries.data();
        first = 0;
        for (u32 k = 0; k < all; k++) {
            List &list = worker.lists[k];
            u64 *out = worker.points.data() + (size_t)first * POINT;
            u32 pairs = list.length / 2;
            if (list.length & 1) {
                memcpy(out, points_ + (size_t)(*entry >> 1) * POINT, POINT * 8);
                if (*entry & 1) negate(out);
                entry++;
                out += POINT;
            }
            for (; pairs; pairs--, entry += 2, out += POINT) {
                const u64 *a = points_ + (size_t)(entry[0] >> 1) * POINT;
                const u64 *b = points_ + (size_t)(entry[1] >> 1) * POINT;
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
    static void negate(u64 *point) {
        F y = F::neg(F::load(point + WORDS));
        memcpy(point + WORDS, &y, sizeof y);
    }

    // sum((k + 1) B_k), k from 0. With B'_m = B_2m + B_2m+1,
    //   sum(k B_k) = sum(B_2m+1) + 2 sum(m B'_m),
    // so at every level the buckets at odd places are summed apart, and neighbours are added, until one
    // is left: sum(B_k), the base.
    bool weigh(Worker<G> &worker, int slice, int first, int last) {
        const u32 buckets = windows_.buckets();
        const int windows = last - first;
        const size_t all = (size_t)buckets * windows;
        if (!worker.halves[0].reserve(all * POINT) || !worker.halves[1].reserve(all * POINT / 2 + POINT) ||
            !worker.odds.reserve(all * POINT + POINT) || !worker.odd_lists.reserve((size_t)windows * windows_.bits))
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
            Part &part = parts_[(size_t)slice * windows_.count + first + w];
            part.base = load_point<G>(now + (size_t)w * POINT);
            for (int l = 0; l < level; l++) {
                const List &list = worker.odd_lists[(size_t)l * windows + w];
                if (list.length) part.odd[l] = load_point<G>(&worker.odds[(size_t)list.first * POINT]);
            }
        }
        return true;
    }

    Point<F> total() const {
        Point<F> sum = Point<F>::infinity();
        for (int w = windows_.count - 1; w >= 0; w--)
            for (int level = windows_.bits - 1; level >= 0; level--) {
                sum = Point<F>::twice(sum);
                for (int slice = 0; slice < slices_; slice++) {
                    const Part &part = parts_[(size_t)slice * windows_.count + w];
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
    Buffer<u64> converted_, biased_;
    Buffer<u32> index_, order_;  // slot to scalar; place by length to the point's place
    const u64 *points_;
    bool in_place_;
    Buffer<Part> parts_;
};

}  // namespace
