// Affine additions in batches: 1 inversion for a thousand of them, 6 products each, in every lane.
#pragma once
#include "bounds.h"
#include "control.h"
#include "points.h"

namespace {

// A group and the vector class that adds in it. Points in memory are affine, times 2^RADIX_BITS, their
// coordinates below 1.01 p (see REDUCED_PARTS), below p where they come from a key; (0, 0) is infinity.
template <class FIELD, class LANES_> struct GroupOn {
    typedef FIELD F;
    typedef LANES_ V;
    static constexpr int WORDS = F::WORDS;        // of a coordinate
    static constexpr int POINT = 2 * WORDS;       // of a point
    static constexpr bool SCALED = V::RADIX_BITS != Fp::BITS;
};

// Fp elements from times 2^BITS to times 2^RADIX_BITS and back, one at a time.
template <int RADIX_BITS> INLINE Fp scaled(const Fp &a) {
    return Fp::mul(a, Fp::of(PowerOfTwo<BaseModulus, RADIX_BITS>::value));
}
template <int RADIX_BITS> INLINE Fp unscaled(const Fp &a) {
    return Fp::mul(a, Fp::of(PowerOfTwo<BaseModulus, 2 * Fp::BITS - RADIX_BITS>::value));
}
template <int RADIX_BITS> INLINE Fp2 scaled(const Fp2 &a) { return {scaled<RADIX_BITS>(a.re), scaled<RADIX_BITS>(a.im)}; }
template <int RADIX_BITS> INLINE Fp2 unscaled(const Fp2 &a) { return {unscaled<RADIX_BITS>(a.re), unscaled<RADIX_BITS>(a.im)}; }

template <class G> Affine<typename G::F> load_point(const u64 *words) {
    typedef typename G::F F;
    Affine<F> p = {F::load(words), F::load(words + G::WORDS)};
    if (G::SCALED) p = {unscaled<G::V::RADIX_BITS>(p.x), unscaled<G::V::RADIX_BITS>(p.y)};
    return p;
}
// The opposite point, in its place.
template <class G> INLINE void negate_point(u64 *words) {
    typedef typename G::F F;
    const F y = F::neg(F::reduced(F::load(words + G::WORDS)));
    memcpy(words + G::WORDS, &y, sizeof y);
}
template <class G> void store_point(u64 *words, Affine<typename G::F> p) {
    if (G::SCALED) p = {scaled<G::V::RADIX_BITS>(p.x), scaled<G::V::RADIX_BITS>(p.y)};
    memcpy(words, &p.x, sizeof p.x);
    memcpy(words + G::WORDS, &p.y, sizeof p.y);
}

// out = +-a +-b for up to a block of pairs at once.
//
//   lambda = (yb - ya) / (xb - xa), or 3 x^2 / 2 y where both are the same point
//   x = lambda^2 - xa - xb,  y = lambda (xa - x) - ya
//
// All denominators are inverted with one inversion (P. L. Montgomery, "Speeding the Pollard and
// elliptic curve methods of factorization", section 10.3.1): products from the last group of pairs to
// the first, then results from the first to the last. Results may therefore overwrite operands of the
// same or earlier pairs, as sums in place do. Doublings share the inversion, so equal points cost what
// others cost; sums that are infinity or have an infinite operand are put in place at the end.
template <class G> class Additions {
    typedef typename G::F F;
    typedef typename G::V V;
    static constexpr int LANES = V::LANES, WORDS = G::WORDS, POINT = G::POINT;

  public:
    static constexpr int BLOCK = 1024;

    bool prepare(const Control *control) {
        control_ = control;
        for (auto &point : harmless_) memset(point, 0, sizeof point);
        // Two different x that are not zero; what comes out of them is not looked at.
        harmless_[0][0] = 1;
        harmless_[1][0] = 2;
        return pairs_.reserve(BLOCK) && fixed_.reserve(BLOCK) && before_.reserve(GROUPS) && doubled_.reserve(GROUPS);
    }
    // Bit 0 of `a` and `b` set: take the negative.
    INLINE void push(uintptr_t a, uintptr_t b, u64 *out) {
        pairs_[count_++] = Pair{a, b, out};
        if (count_ == BLOCK) flush();
    }
    INLINE void push(const u64 *a, const u64 *b, u64 *out) { push((uintptr_t)a, (uintptr_t)b, out); }

    NOINLINE void flush() {
        if (is_cancelled(control_)) count_ = 0;
        if (!count_) return;
        while (count_ % LANES) pairs_[count_++] = harmless_pair();
        const int groups = count_ / LANES;
        V running[CHAINS];
        // Equal x are seen by their words, but where one is p more than the other: then the product is 0.
        multiply(groups, running, false);
        if (__builtin_expect(!invert(running), 0)) {
            multiply(groups, running, true);
            invert(running);
        }
        for (int first = 0; first < groups; first += TILE) results(first, least(TILE, groups - first), running);
        for (int i = 0; i < fixed_count_; i++) memcpy(fixed_[i].out, fixed_[i].value, sizeof fixed_[i].value);
        fixed_count_ = 0;
        count_ = 0;
    }

  private:
    static constexpr int GROUPS = BLOCK / LANES;
    static constexpr int CHAINS = 2;  // of running products, so that one need not wait for the other
    static constexpr int TILE = 8;    // groups at once, so that no product waits for the one before

    struct Pair { uintptr_t a, b; u64 *out; };
    struct Fixed { u64 *out; u64 value[POINT]; };

    Pair harmless_pair() {
        return Pair{(uintptr_t)harmless_[0], (uintptr_t)harmless_[1], harmless_[2]};
    }
    static INLINE const u64 *address(uintptr_t point) { return (const u64 *)(point & ~(uintptr_t)1); }
    INLINE void addresses(int g, const u64 **a, const u64 **b) const {
        UNROLL for (int l = 0; l < LANES; l++) {
            a[l] = address(pairs_[g * LANES + l].a);
            b[l] = address(pairs_[g * LANES + l].b);
        }
    }
    INLINE void signs(int g, u32 &a, u32 &b) const {
        a = b = 0;
        UNROLL for (int l = 0; l < LANES; l++) {
            a |= (u32)(pairs_[g * LANES + l].a & 1) << l;
            b |= (u32)(pairs_[g * LANES + l].b & 1) << l;
        }
    }
    static INLINE V signed_y(const u64 *const *points, u32 negative) {
        V y = coordinate(points, WORDS);
        return negative ? V::negate_where(negative, y) : y;
    }
    // The products of all denominators, and before_[g] those of the groups after g; every group is looked
    // at closely where `closely` is set, else those in which something may be equal or infinity.
    INLINE void multiply(int groups, V *running, bool closely) {
        for (int c = 0; c < CHAINS; c++) running[c] = V::one();
        for (int g = groups - 1; g >= 0; g--) {
            const u64 *a[LANES], *b[LANES];
            addresses(g, a, b);
            V xa = coordinate(a, 0), xb = coordinate(b, 0);
            doubled_[g] = 0;
            if (__builtin_expect(closely || V::alike(xa, xb) | V::near_zero(xa) | V::near_zero(xb), 0)) {
                doubled_[g] = classify(g);
                addresses(g, a, b);
                xa = coordinate(a, 0);
                xb = coordinate(b, 0);
            }
            V denominator = V::operand(denominator_of(g, a, xa, xb));
            V &product = running[g % CHAINS];
            before_[g] = product;
            product = V::mul(product, denominator);
        }
    }
    static INLINE V coordinate(const u64 *const *points, int offset) { return V::load(points, offset, REDUCED_PARTS); }
    INLINE V denominator_of(int g, const u64 *const *a, const V &xa, const V &xb) const {
        V difference = V::sub(xb, xa);
        if (__builtin_expect(!doubled_[g], 1)) return difference;
        u32 negative_a, negative_b;
        signs(g, negative_a, negative_b);
        V y = signed_y(a, negative_a);
        return V::select(doubled_[g], V::add(y, y), difference);
    }

    // The lanes of a group in which a point is doubled. Pairs whose sum needs no addition are
    // replaced by harmless ones, and their sum is kept.
    NOINLINE u32 classify(int g) {
        u32 doubled = 0;
        for (int l = 0; l < LANES; l++) {
            Pair &pair = pairs_[g * LANES + l];
            const u64 *a = address(pair.a), *b = address(pair.b);
            bool no_a = is_zero_words(a, POINT), no_b = is_zero_words(b, POINT);
            if (no_a || no_b) {
                if (no_a && no_b) keep(pair, nullptr, false);
                else keep(pair, no_a ? b : a, (no_a ? pair.b : pair.a) & 1);
            } else if (number(a) == number(b)) {
                // The same x: y is the same or the opposite. A point of order two has y = 0.
                const F y = number(a + WORDS);
                bool same_y = y == number(b + WORDS), no_y = y.is_zero();
                if (same_y == ((pair.a & 1) == (pair.b & 1)) && !no_y) doubled |= 1u << l;
                else keep(pair, nullptr, false);
            }
        }
        return doubled;
    }
    void keep(Pair &pair, const u64 *value, bool negative) {
        Fixed &fixed = fixed_[fixed_count_++];
        fixed.out = pair.out;
        if (value) memcpy(fixed.value, value, sizeof fixed.value);
        else memset(fixed.value, 0, sizeof fixed.value);
        if (negative) negate_point<G>(fixed.value);
        pair = harmless_pair();
    }
    static F number(const u64 *words) { return F::reduced(F::load(words)); }

    // The inverses of the running products, canonical; false where one is 0.
    NOINLINE bool invert(V *running) {
        constexpr int COUNT = CHAINS * LANES;
        alignas(64) u64 words[CHAINS][LANES][WORDS];
        u64 *to[CHAINS][LANES];
        F value[COUNT], before[COUNT], product = F::one();
        for (int c = 0; c < CHAINS; c++) {
            for (int l = 0; l < LANES; l++) to[c][l] = words[c][l];
            V::canonical(running[c]).store(to[c], 0);
        }
        for (int i = 0; i < COUNT; i++) {
            value[i] = F::load(words[i / LANES][i % LANES]);
            if (G::SCALED) value[i] = unscaled<V::RADIX_BITS>(value[i]);
            before[i] = product;
            product = F::mul(product, value[i]);
        }
        if (product.is_zero()) return false;
        product = F::inverse(product);
        for (int i = COUNT - 1; i >= 0; i--) {
            F inverse = F::mul(product, before[i]);
            product = F::mul(product, value[i]);
            if (G::SCALED) inverse = scaled<V::RADIX_BITS>(inverse);
            memcpy(words[i / LANES][i % LANES], &inverse, sizeof inverse);
        }
        for (int c = 0; c < CHAINS; c++) running[c] = V::load((const u64 *const *)to[c], 0);
        return true;
    }

    NOINLINE void results(int first, int groups, V *running) {
        V lambda[TILE], xa[TILE], ya[TILE], x[TILE];
        for (int k = 0; k < groups; k++) {
            const int g = first + k;
            const u64 *a[LANES], *b[LANES];
            addresses(g, a, b);
            V &inverse = running[g % CHAINS];
            xa[k] = coordinate(a, 0);
            V xb = coordinate(b, 0);
            lambda[k] = V::mul(inverse, before_[g]);
            inverse = V::mul(inverse, V::operand(denominator_of(g, a, xa[k], xb)));
            x[k] = V::add(xa[k], xb);
        }
        for (int k = 0; k < groups; k++) {
            const int g = first + k;
            const u64 *a[LANES], *b[LANES];
            u32 negative_a, negative_b;
            addresses(g, a, b);
            signs(g, negative_a, negative_b);
            ya[k] = signed_y(a, negative_a);
            V numerator = V::sub(signed_y(b, negative_b), ya[k]);
            if (__builtin_expect(doubled_[g], 0)) {
                V square = V::sqr(xa[k]);
                numerator = V::select(doubled_[g], V::add(V::add(square, square), square), numerator);
            }
            lambda[k] = V::mul(lambda[k], V::operand(numerator));
        }
        for (int k = 0; k < groups; k++) x[k] = V::reduce(V::sub(V::sqr(lambda[k]), x[k]));
        for (int k = 0; k < groups; k++) {
            u64 *out[LANES];
            for (int l = 0; l < LANES; l++) out[l] = pairs_[(first + k) * LANES + l].out;
            V y = V::reduce(V::sub(V::mul(lambda[k], V::operand(V::sub(xa[k], x[k]))), ya[k]));
            x[k].store(out, 0);
            y.store(out, WORDS);
        }
    }

    const Control *control_ = nullptr;
    Buffer<Pair> pairs_;
    Buffer<Fixed> fixed_;
    Buffer<V> before_;
    Buffer<u32> doubled_;
    int count_ = 0, fixed_count_ = 0;
    alignas(64) u64 harmless_[3][POINT];
};

// A list of points to be summed: `length` of them from base + first points on, in place.
struct List {
    u32 first, length;
};

// Sum every list down to one point at its start, or none. Neighbours are added in pairs, all lists
// side by side, until each has one point left: a tree, in which no addition waits for another.
template <class G> void sum_lists(Additions<G> &additions, u64 *base, List *lists, size_t count) {
    for (bool more = true; more;) {
        more = false;
        for (size_t k = 0; k < count; k++) {
            List &list = lists[k];
            if (list.length < 2) continue;
            // Of an odd number, the first stays where it is.
            u64 *to = base + (size_t)list.first * G::POINT + (list.length & 1) * G::POINT, *from = to;
            for (u32 pair = list.length / 2; pair; pair--, to += G::POINT, from += 2 * G::POINT)
                additions.push(from, from + G::POINT, to);
            list.length = (list.length + 1) / 2;
            more |= list.length > 1;
        }
        additions.flush();
    }
}

}  // namespace
