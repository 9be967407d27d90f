// Fp2 = Fp[u] / (u^2 + 1) over a vector class of Fp, in every lane.
#pragma once
#include "field.h"

namespace {

template <class W> struct QuadraticLanes {
    W re, im;
    typedef QuadraticLanes V;
    typedef Fp2 Scalar;
    static constexpr int LANES = W::LANES;
    static constexpr int RADIX_BITS = W::RADIX_BITS;

    // Of tidy operands, `a` a product or below p. Two sums of two products with one reduction each: fewer
    // instructions than three reduced products (Karatsuba), whose sums and differences have to be carried.
    static NOINLINE V mul(const V &a, const V &b) {
        const W negated = W::sub(W::zero(), a.im);
        return {W::product_sum(b.re, a.re, b.im, negated), W::product_sum(b.re, a.im, b.im, a.re)};
    }
    // (re + im)(re - im), 2 re im.
    static NOINLINE V sqr(const V &a) {
        W product = W::product(a.re, a.im);
        return {W::product(W::tidy(W::sub(a.re, W::subtrahend(a.im))), W::add(a.re, a.im)),
                W::add(product, product)};
    }
    static INLINE V add(const V &a, const V &b) { return {W::add(a.re, b.re), W::add(a.im, b.im)}; }
    static INLINE V sub(const V &a, const V &b) { return {W::sub(a.re, b.re), W::sub(a.im, b.im)}; }
    static INLINE V negate_where(u32 lanes, const V &a) {
        return {W::negate_where(lanes, a.re), W::negate_where(lanes, a.im)};
    }
    static INLINE V select(u32 lanes, const V &a, const V &b) {
        return {W::select(lanes, a.re, b.re), W::select(lanes, a.im, b.im)};
    }
    static INLINE V operand(const V &a) { return {W::tidy(a.re), W::tidy(a.im)}; }
    static INLINE V reduce(const V &a) { return {W::reduce(a.re), W::reduce(a.im)}; }
    static INLINE V canonical(const V &a) { return {W::canonical(a.re), W::canonical(a.im)}; }
    static INLINE V one() { return {W::one(), W::zero()}; }
    static INLINE V load(const u64 *const *from, int offset, u64 parts = PARTS) {
        return {W::load(from, offset, parts), W::load(from, offset + 4, parts)};
    }
    INLINE void store(u64 *const *to, int offset) const {
        re.store(to, offset);
        im.store(to, offset + 4);
    }
    static INLINE u32 alike(const V &a, const V &b) { return W::alike(a.re, b.re) & W::alike(a.im, b.im); }
    static INLINE u32 near_zero(const V &a) { return W::near_zero(a.re) & W::near_zero(a.im); }
};

}  // namespace
