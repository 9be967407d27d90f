// sum(scalars[k] * points[places[k]]) over many short lists of terms, as phase 2 of a setup needs them: all
// lists of a block go through the bits of their scalars together, so that their doublings and additions
// share inversions.
//
// A term whose scalar s is above r / 2 is taken as r - s times the negative point: -1 costs what 1 does.
// Digits are of width-w non-adjacent form (J. Solinas, "Efficient Arithmetic on Koblitz Curves", section 4)
// with w = 2, or with w = 5 and a table of P, 3 P, ..., 15 P where that takes fewer additions.
#pragma once
#include "kernels.h"
#include "sums.h"

namespace {

template <class G> class Combinations {
    typedef typename G::F F;
    static constexpr int POINT = G::POINT, BYTES = POINT * 8;
    static constexpr int WIDE = 5, ODD = 1 << (WIDE - 2);  // entries of a wide term's table
    static constexpr int POSITIONS = SCALAR_BITS + 1;
    static constexpr size_t MOST_ROWS = 1024, MOST_TERMS = 4096;  // of a block, but for its first row
    static constexpr size_t LONG = 512;  // terms from which a row is a sum by buckets

  public:
    // `out`: a point for each row, affine times 2^256, at any byte. Progress counts terms.
    static void run(const TermSource &source, size_t rows, u8 *out, Control *control, Outcome &outcome) {
        Combinations *self = create<Combinations>();
        if (!self) return outcome.fail(NO_MEMORY);
        self->source_ = source;
        self->out_ = out;
        self->control_ = control;
        self->outcome_ = &outcome;
        self->all(rows);
        destroy(self);
    }

  private:
    struct Scalar {
        u64 word[4];
        bool negative;
        int length;
    };
    struct Term {
        u32 row, table;  // in the block; its points in the table
        bool negative, wide;
    };
    struct Scratch {
        Additions<G> additions;
        Buffer<Term> terms;
        Buffer<u64> table, doubles, totals, sums;
        Buffer<int8_t> digits;
        Buffer<u8> started;
        Buffer<uintptr_t> addends;
        Buffer<List> lists;
        Buffer<u32> list_rows, wide;
    };

    size_t first_term(size_t row) const { return source_.starts[row]; }
    size_t terms_of(size_t row) const { return source_.starts[row + 1] - source_.starts[row]; }

    Scalar scalar_of(size_t term) const {
        Scalar s;
        reduce_scalar(source_.scalars + 4 * term, s.word);
        u64 other[4], borrow = 0;
        for (int i = 0; i < 4; i++) other[i] = subtract_borrow(ScalarModulus::P[i], s.word[i], borrow);
        s.negative = is_below(other, s.word);
        if (s.negative) memcpy(s.word, other, 32);
        s.length = length_of(s.word);
        return s;
    }

    void all(size_t rows) {
        if (!check(rows) || !order(rows)) return;
        for (size_t k = 0; k < long_rows_ && !outcome_->failed() && !is_cancelled(control_); k++) by_buckets(order_[k]);
        size_t next = long_rows_;
        pthread_mutex_t taking = PTHREAD_MUTEX_INITIALIZER;
        auto body = [&](int) {
            Scratch *scratch = create<Scratch>();
            if (!scratch || !scratch->additions.prepare(control_)) outcome_->fail(NO_MEMORY);
            while (!outcome_->failed() && !is_cancelled(control_)) {
                pthread_mutex_lock(&taking);
                const size_t from = next;
                size_t terms = 0;
                while (next < rows && next - from < MOST_ROWS) {
                    const size_t more = terms_of(order_[next]);
                    if (terms && terms + more > MOST_TERMS) break;
                    terms += more;
                    next++;
                }
                const size_t to = next;
                pthread_mutex_unlock(&taking);
                if (from == to) break;
                if (!block(*scratch, from, to, terms)) outcome_->fail(NO_MEMORY);
                advance(control_, terms);
            }
            destroy(scratch);
        };
        on_threads(greatest(1, control_ ? control_->threads : 1), body);
    }

    // Nothing is read from where it should not be: rows ascend, and places are of points.
    bool check(size_t rows) {
        for (size_t k = source_.starts[0]; k < source_.starts[rows]; k++)
            if (source_.places[k] >= source_.count) {
                Fault fault = {};
                fault.code = BAD_INDEX;
                fault.index = k;
                fault.detail = 2;
                fault.found = source_.places[k];
                fault.limit = source_.count;
                outcome_->fail(fault);
                return false;
            }
        return true;
    }

    // Rows with very many terms first, then those with the longest scalars: a block's rows are alike.
    bool order(size_t rows) {
        Buffer<uint16_t> lengths;
        if (!lengths.reserve(rows + 1) || !order_.reserve(rows + 1)) {
            outcome_->fail(NO_MEMORY);
            return false;
        }
        constexpr int KINDS = SCALAR_BITS + 2;
        auto share = [&](size_t from, size_t to) {
            for (size_t row = from; row < to; row++) {
                int longest = 0;
                for (size_t k = first_term(row); k < source_.starts[row + 1]; k++)
                    longest = greatest(longest, scalar_of(k).length);
                lengths[row] = (uint16_t)(terms_of(row) > LONG ? KINDS - 1 : longest);
            }
        };
        in_shares(control_ ? control_->threads : 1, rows, 4096, share);
        size_t places[KINDS + 1] = {};
        for (size_t row = 0; row < rows; row++) places[KINDS - 1 - lengths[row] + 1]++;
        for (int kind = 0; kind < KINDS; kind++) places[kind + 1] += places[kind];
        long_rows_ = places[1];
        for (size_t row = 0; row < rows; row++) order_[places[KINDS - 1 - lengths[row]]++] = (u32)row;
        return true;
    }

    // A row of very many terms, on all threads.
    void by_buckets(size_t row) {
        const size_t count = terms_of(row), first = first_term(row);
        Buffer<u64> points, scalars;
        if (!points.reserve(count * POINT) || !scalars.reserve(4 * count)) return outcome_->fail(NO_MEMORY);
        for (size_t k = 0; k < count; k++) {
            const Scalar s = scalar_of(first + k);
            Affine<F> point = Affine<F>::load(source_.points + (size_t)source_.places[first + k] * BYTES);
            if (!canonical(point, first + k)) return;
            if (s.negative) point.y = F::neg(point.y);
            memcpy(&points[k * POINT], &point, BYTES);
            memcpy(&scalars[4 * k], s.word, 32);
        }
        Source source;
        source.memory = (const u8 *)points.data();
        Affine<F> sum;
        Sum<G>::run(source, scalars.data(), count, control_, count, &sum, *outcome_);
        memcpy(out_ + row * BYTES, &sum, BYTES);
    }

    bool canonical(const Affine<F> &point, size_t term) {
        if (point.x.is_canonical() && point.y.is_canonical()) return true;
        Fault fault = {};
        fault.code = NOT_BELOW_PRIME;
        fault.index = source_.places[term];
        outcome_->fail(fault);
        return false;
    }

    // The additions that a scalar's digits of width 2 take: how many are not 0.
    static int weight(const u64 *s) {
        int total = 0;
        u64 carry = 0, before = 0;
        for (int i = 0; i < 4; i++) {
            const u64 twice = s[i] << 1 | before, triple = add_carry(s[i], twice, carry);
            before = s[i] >> 63;
            total += __builtin_popcountll(triple ^ s[i]);
        }
        return total;
    }

    // Digits of width w, the least significant first, `step` apart: odd, below 2^(w-1), or 0.
    static void digits_of(const u64 *s, int w, int8_t *digits, size_t step) {
        u32 carry = 0;
        for (int at = 0; at < POSITIONS;) {
            const int word = at / 64, shift = at % 64;
            u64 bits = s[word] >> shift;
            if (shift && word < 3) bits |= s[word + 1] << (64 - shift);
            if ((bits & 1) == carry) {
                at++;
                continue;
            }
            const u32 value = (u32)(bits & (((u64)1 << w) - 1)) + carry;
            carry = value >> (w - 1) & 1;
            digits[at * step] = (int8_t)((int)value - (int)(carry << w));
            at += w;
        }
        CHECK(carry == 0);
    }

    bool block(Scratch &s, size_t from, size_t to, size_t terms) {
        const size_t rows = to - from;
        if (!s.terms.reserve(terms) || !s.table.reserve(terms * ODD * POINT) || !s.doubles.reserve(terms * POINT) ||
            !s.totals.reserve(rows * POINT) || !s.sums.reserve((terms + rows) * POINT) || !s.started.reserve(rows) ||
            !s.digits.reserve(terms * POSITIONS) || !s.addends.reserve(terms + rows) || !s.lists.reserve(rows) ||
            !s.list_rows.reserve(rows) || !s.wide.reserve(terms))
            return false;
        memset(s.digits.data(), 0, terms * POSITIONS);
        memset(s.started.data(), 0, rows);
        int top = -1;
        const size_t used = load(s, from, to, terms, top);
        if (outcome_->failed()) return true;
        for (int position = top; position >= 0; position--) {
            for (size_t row = 0; row < rows; row++)
                if (s.started[row]) {
                    u64 *total = s.totals.data() + row * POINT;
                    s.additions.push(total, total, total);
                }
            s.additions.flush();
            add_digits(s, s.digits.data() + position * terms, used, rows);
        }
        for (size_t row = 0; row < rows; row++) {
            Affine<F> sum = Affine<F>::infinity();
            if (s.started[row]) sum = load_point<G>(s.totals.data() + row * POINT);
            memcpy(out_ + (size_t)order_[from + row] * BYTES, &sum, BYTES);
        }
        return true;
    }

    // Points, tables and digits of all terms but those that are infinity or times 0; returns how many, and
    // the topmost position with a digit.
    size_t load(Scratch &s, size_t from, size_t to, size_t stride, int &top) {
        size_t used = 0, wide = 0;
        u32 place = 0;
        for (size_t k = from; k < to; k++) {
            for (size_t term = first_term(order_[k]); term < source_.starts[order_[k] + 1]; term++) {
                const Affine<F> point = Affine<F>::load(source_.points + (size_t)source_.places[term] * BYTES);
                if (!canonical(point, term)) return 0;
                const Scalar scalar = scalar_of(term);
                if (!scalar.length || point.is_infinity()) continue;
                Term &each = s.terms[used];
                each.row = (u32)(k - from);
                each.negative = scalar.negative;
                each.table = place;
                each.wide = weight(scalar.word) > ODD + scalar.length / (WIDE + 1);
                if (each.wide) s.wide[wide++] = (u32)used;
                digits_of(scalar.word, each.wide ? WIDE : 2, s.digits.data() + used, stride);
                store_point<G>(s.table.data() + (size_t)place * POINT, point);
                place += each.wide ? ODD : 1;
                top = greatest(top, scalar.length);  // a digit may stand one place higher
                used++;
            }
        }
        for (int odd = 0; odd < ODD; odd++) {
            for (size_t k = 0; k < wide; k++) {
                u64 *table = s.table.data() + (size_t)s.terms[s.wide[k]].table * POINT;
                u64 *twice = s.doubles.data() + k * POINT, *entry = table + odd * POINT;
                if (odd) s.additions.push(entry - POINT, twice, entry);
                else s.additions.push(table, table, twice);
            }
            s.additions.flush();
        }
        return used;
    }

    // One position's digits into the totals. Terms lie in the order of their rows.
    void add_digits(Scratch &s, const int8_t *digits, size_t used, size_t rows) {
        size_t lists = 0, room = 0;
        for (size_t k = 0, row = 0; row < rows; row++) {
            u64 *total = s.totals.data() + row * POINT;
            uintptr_t *addends = s.addends.data();
            u32 count = 0;
            if (s.started[row]) addends[count++] = (uintptr_t)total;
            for (; k < used && s.terms[k].row == row; k++) {
                const int digit = digits[k];
                if (!digit) continue;
                const u64 *entry = s.table.data() + ((size_t)s.terms[k].table + (u32)(digit < 0 ? -digit : digit) / 2) * POINT;
                addends[count++] = (uintptr_t)entry | ((digit < 0) != s.terms[k].negative);
            }
            if (count <= s.started[row]) continue;
            s.started[row] = 1;
            if (count == 1) {
                copy(addends[0], total);
            } else if (count == 2) {
                s.additions.push(addends[0], addends[1], total);
            } else {
                u64 *to = s.sums.data() + room * POINT;
                s.lists[lists] = {(u32)room, (count + 1) / 2};
                s.list_rows[lists++] = (u32)row;
                room += (count + 1) / 2;
                if (count & 1) {
                    copy(addends[0], to);
                    to += POINT;
                }
                for (u32 i = count & 1; i < count; i += 2, to += POINT) s.additions.push(addends[i], addends[i + 1], to);
            }
        }
        s.additions.flush();
        if (!lists) return;
        sum_lists<G>(s.additions, s.sums.data(), s.lists.data(), lists);
        for (size_t i = 0; i < lists; i++)
            memcpy(s.totals.data() + (size_t)s.list_rows[i] * POINT, s.sums.data() + (size_t)s.lists[i].first * POINT, BYTES);
    }

    static void copy(uintptr_t from, u64 *to) {
        memcpy(to, (const u64 *)(from & ~(uintptr_t)1), BYTES);
        if (from & 1) negate_point<G>(to);
    }

    TermSource source_;
    u8 *out_ = nullptr;
    Control *control_ = nullptr;
    Outcome *outcome_ = nullptr;
    Buffer<u32> order_;
    size_t long_rows_ = 0;
};

}  // namespace
