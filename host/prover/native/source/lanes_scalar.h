// One element at a time behind the interface of the vector classes, for any processor.
#pragma once
#include "field.h"

namespace {

template <class M> struct OneLane {
    Field<M> f;
    typedef OneLane V;
    typedef Field<M> Scalar;
    static constexpr int LANES = 1;
    static constexpr int RADIX_BITS = Scalar::BITS;

    static INLINE V mul(const V &a, const V &b) { return {Scalar::mul(a.f, b.f)}; }
    static INLINE V product(const V &a, const V &b) { return mul(a, b); }
    static INLINE V product_sum(const V &a, const V &b, const V &c, const V &d) {
        return {Scalar::product_sum(a.f, b.f, c.f, d.f)};
    }
    static INLINE V sqr(const V &a) { return {Scalar::sqr(a.f)}; }
    static INLINE V add(const V &a, const V &b) { return {Scalar::add(a.f, b.f)}; }
    static INLINE V sub(const V &a, const V &b) { return {Scalar::sub(a.f, b.f)}; }
    static INLINE V negate_where(u32 lanes, const V &a) { return lanes ? V{Scalar::neg(a.f)} : a; }
    static INLINE V select(u32 lanes, const V &a, const V &b) { return lanes ? a : b; }
    static INLINE V carry(const V &a) { return a; }
    static INLINE V tidy(const V &a) { return a; }
    static INLINE V operand(const V &a) { return a; }
    static INLINE V subtrahend(const V &a) { return a; }
    static INLINE V reduce(const V &a) { return a; }
    static INLINE V canonical(const V &a) { return a; }
    static INLINE V broadcast(const typename Scalar::Number &n) { return {Scalar::of(n)}; }
    static INLINE V one() { return {Scalar::one()}; }
    static INLINE V zero() { return {Scalar::zero()}; }
    static INLINE V load(const u64 *const *from, int offset, u64 = 0) { return {Scalar::load(from[0] + offset)}; }
    INLINE void store(u64 *const *to, int offset) const { memcpy(to[0] + offset, &f, sizeof f); }
    static INLINE u32 alike(const V &a, const V &b) { return a.f == b.f; }
    static INLINE u32 near_zero(const V &a) { return a.f.is_zero(); }
};

template <class M> using Lanes = OneLane<M>;

}  // namespace
