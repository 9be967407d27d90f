// Transforms of points: sums over j of w^(i j) P_j, as FK20 needs them.
#pragma once
#include "combinations.h"
#include "compressed.h"

namespace {

// Many transforms of 2^power points each, in place. By stages of butterflies (a, b) to (a + t b, a - t b);
// a factor t is t0 + t1 lambda with both parts below 2^128, and lambda b is (beta x, y): so t b takes half
// of the doublings (R. Gallant, R. Lambert, S. Vanstone, "Faster point multiplication on elliptic curves
// with efficient endomorphisms", 2001). All products of a stage, of all transforms, are one call of
// Combinations.
template <class G> class PointTransform {
    typedef typename G::F F;
    static constexpr int POINT = G::POINT;

  public:
    // `factors`: of w^0 .. w^(n/2 - 1) both parts, 4 words each. Progress counts points times stages.
    static void run(u64 *points, size_t count, int power, const u64 *factors, Control *control, Outcome &outcome) {
        const size_t size = (size_t)1 << power, all = count * size;
        PointTransform *self = create<PointTransform>();
        if (!self || !self->prepare(all, control)) outcome.fail(NO_MEMORY);
        for (size_t i = 0; !outcome.failed() && i < all; i++) {
            const size_t within = i % size, other = reversed(within, power);
            if (within < other) exchange_points(points + i * POINT, points + (i - within + other) * POINT);
        }
        for (int stage = 0; stage < power && !outcome.failed() && !is_cancelled(control); stage++) {
            self->stage(points, all, stage, power, factors, control, outcome);
            advance(control, all);
        }
        destroy(self);
    }

  private:
    bool prepare(size_t all, Control *control) {
        return additions_.prepare(control) && pairs_.reserve(all * POINT) && products_.reserve(all / 2 * POINT + POINT) &&
               next_.reserve(all * POINT) && places_.reserve(all) && scalars_.reserve(4 * all) && starts_.reserve(all / 2 + 1);
    }

    // Butterflies of points 2^stage apart. The products by 1 are none.
    void stage(u64 *points, size_t all, int stage, int power, const u64 *factors, Control *control, Outcome &outcome) {
        const size_t half = (size_t)1 << stage, step = ((size_t)1 << power) / (2 * half);
        size_t rows = 0;
        const F root = beta();
        for (size_t block = 0; block < all; block += 2 * half)
            for (size_t j = 1; j < half; j++, rows++) {
                const Affine<F> b = Affine<F>::load(points + (block + half + j) * POINT);
                const Affine<F> image = {F::mul(b.x, root), b.y};
                memcpy(&pairs_[2 * rows * POINT], &b, POINT * 8);
                memcpy(&pairs_[(2 * rows + 1) * POINT], &image, POINT * 8);
                memcpy(&scalars_[8 * rows], factors + 8 * j * step, 64);
            }
        for (size_t k = 0; k < 2 * rows; k++) places_[k] = (u32)k;
        for (size_t row = 0; row <= rows; row++) starts_[row] = 2 * row;
        Control quiet = {0, control ? control->threads : 1, 0, 0};
        if (rows) {
            const TermSource terms = {(const u8 *)pairs_.data(), 2 * rows, places_.data(), scalars_.data(), starts_.data()};
            Combinations<G>::run(terms, rows, (u8 *)products_.data(), &quiet, outcome);
        }
        rows = 0;
        for (size_t block = 0; block < all; block += 2 * half)
            for (size_t j = 0; j < half; j++) {
                const u64 *a = points + (block + j) * POINT, *b = a + half * POINT;
                if (j) b = &products_[rows++ * POINT];
                u64 *out = &next_[(block + j) * POINT];
                additions_.push(a, b, out);
                additions_.push((uintptr_t)a, (uintptr_t)b | 1, out + half * POINT);
            }
        additions_.flush();
        memcpy(points, next_.data(), all * POINT * 8);
    }

    static size_t reversed(size_t value, int bits) {
        size_t r = 0;
        for (int i = 0; i < bits; i++) r |= (value >> i & 1) << (bits - 1 - i);
        return r;
    }
    static void exchange_points(u64 *a, u64 *b) {
        for (int i = 0; i < POINT; i++) exchange(a[i], b[i]);
    }

    Additions<G> additions_;
    Buffer<u64> pairs_, products_, next_, scalars_, starts_;
    Buffer<u32> places_;
};

}  // namespace
