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

    // Karatsuba, of tidy operands: the sums of their halves are the largest that a product takes.
    static NOINLINE V mul(const V &a, const V &b) {
        W real = W::product(a.re, b.re), imaginary = W::product(a.im, b.im);
        W both = W::product(W::add(a.re, a.im), W::add(b.re, b.im));
        return {W::tidy(W::sub(real, imaginary)), W::tidy(W::sub(both, W::add(real, imaginary)))};
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
    static INLINE V canonical(const V &a) { return {W::canonical(a.re), W::canonical(a.im)}; }
    static INLINE V one() { return {W::one(), W::zero()}; }
    static INLINE V load(const u64 *const *from, int offset) {
        return {W::load(from, offset), W::load(from, offset + 4)};
    }
    INLINE void store(u64 *const *to, int offset) const {
        re.store(to, offset);
        im.store(to, offset + 4);
    }
    static INLINE u32 alike(const V &a, const V &b) { return W::alike(a.re, b.re) & W::alike(a.im, b.im); }
    static INLINE u32 near_zero(const V &a) { return W::near_zero(a.re) & W::near_zero(a.im); }
};

}  // namespace
