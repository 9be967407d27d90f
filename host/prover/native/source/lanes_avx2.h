// Four elements of a prime field side by side on AVX2: 9 limbs of 29 bits in 64-bit words.
//
// An element v is kept as v * 2^261 modulo p where both operands of a product are; see RADIX_BITS.
// Sums and differences are not reduced and not carried; bounds.h says how far that may go.
#pragma once
#include <immintrin.h>

#include "bounds.h"
#include "field.h"

namespace {

typedef __m256i Vector;

INLINE Vector load_constant(const u64 (&row)[4]) { return _mm256_load_si256((const Vector *)row); }

// Each constant four times, so that it can be an instruction's operand in memory.
template <class M> struct Avx2Constants {
    typedef u64 Row[4];
    alignas(32) Row p[9] = {}, one_limb[9] = {}, two_limbs[9] = {}, difference[9] = {},
        negation[9] = {}, bias[9] = {}, inverse = {}, mask = {}, estimate = {};

    // times * p as limbs, `units` units borrowed by each limb but the top one from the next.
    static constexpr u64 spread(u64 times, u64 units, int limb) {
        u64 carry = 0, value = 0;
        for (int k = 0; k <= limb; k++) {
            u64 x = limb_of(M::P, k, avx2::LIMB_BITS) * times + carry;
            value = k < 8 ? x & ((1 << 29) - 1) : x;
            carry = x >> 29;
        }
        return value + (limb < 8 ? units << 29 : 0) - (limb > 0 ? units : 0);
    }
    constexpr Avx2Constants() {
        for (int lane = 0; lane < 4; lane++) {
            for (int k = 0; k < 9; k++) {
                p[k][lane] = limb_of(M::P, k, 29);
                one_limb[k][lane] = limb_of(PowerOfTwo<M, -29>::value.word, k, 29);
                two_limbs[k][lane] = limb_of(PowerOfTwo<M, -58>::value.word, k, 29);
                difference[k][lane] = spread(avx2::DIFFERENCE, avx2::DIFFERENCE_UNITS, k);
                negation[k][lane] = spread(avx2::NEGATION, 1, k);
                bias[k][lane] = (k < 8 ? (u64)1 << 40 : 0) - (k ? (u64)1 << 11 : 0);
            }
            inverse[lane] = negated_inverse<M>() & ((1 << 29) - 1);
            mask[lane] = (1 << 29) - 1;
            estimate[lane] = ((u64)1 << 44) / ((M::P[3] >> 40) + 1);
        }
    }
};

// Keeps the compiler from reordering sums of products across rows, which costs it registers.
#define KEEP_ORDER(t) asm("" : "+x"(t[0]), "+x"(t[1]), "+x"(t[2]), "+x"(t[3]), "+x"(t[4]), "+x"(t[5]), "+x"(t[6]), "+x"(t[7]))

template <class M> struct alignas(32) Avx2Lanes {
    Vector v[9];
    CHECKED(u64 limit[9]; u64 parts;)  // the interval: limbs at most, the value at most in p / 1024

    typedef Avx2Lanes V;
    typedef Field<M> Scalar;
    static constexpr int LANES = 4;
    static constexpr int RADIX_BITS = avx2::RADIX_BITS;
    static constexpr Avx2Constants<M> C{};

    // a b / 2^261 modulo p, carried. Two limbs at a time are taken off: with t = t0 + t1 2^29 + ...,
    //   t / 2^58 = (t >> 58) + (t0 mod 2^29) 2^-58 + (t1 mod 2^29) 2^-29  modulo p,
    // t1 with the carry of t0, which needs no quotient digit; the ninth limb is an ordinary
    // Montgomery step.
    static INLINE V mul(const V &a, const V &b) {
        CHECKED(a.check(); b.check(); CHECK(a.units() * b.units() <= avx2::OPERAND_UNITS);)
        V r = rows_summed<1>(&a, &b, nullptr, nullptr);
        CHECKED(r.carried_below(avx2::PRODUCT_BASE * PARTS
                                + a.parts * b.parts / (avx2::PRODUCT_SHRINK * PARTS) + 2); r.check();)
        return r;
    }
    // (a b + c d) / 2^261 modulo p, carried: one reduction for two products.
    static NOINLINE V product_sum(const V &a, const V &b, const V &c, const V &d) {
        CHECKED(a.check(); b.check(); c.check(); d.check();
                CHECK(a.units() * b.units() + c.units() * d.units() <= avx2::OPERAND_UNITS);)
        V r = rows_summed<2>(&a, &b, &c, &d);
        CHECKED(r.carried_below(avx2::PRODUCT_BASE * PARTS
                                + (a.parts * b.parts + c.parts * d.parts) / (avx2::PRODUCT_SHRINK * PARTS) + 2); r.check();)
        return r;
    }
    // The same as a function of its own: code with many products compiles ten times faster.
    static NOINLINE V product(const V &a, const V &b) { return mul(a, b); }
    // Of pairs of limbs that occur twice one product, of one limb and the other's double.
    static INLINE V sqr(const V &a) {
        CHECKED(a.check(); CHECK(a.units() * a.units() <= avx2::OPERAND_UNITS);)
        V twice;
        UNROLL for (int j = 1; j < 9; j++) twice.v[j] = _mm256_add_epi64(a.v[j], a.v[j]);
        V r = rows_summed<0>(&a, &a, &twice, nullptr);
        CHECKED(r.carried_below(avx2::PRODUCT_BASE * PARTS
                                + a.parts * a.parts / (avx2::PRODUCT_SHRINK * PARTS) + 2); r.check();)
        return r;
    }

    static INLINE V add(const V &a, const V &b) {
        V r;
        UNROLL for (int j = 0; j < 9; j++) r.v[j] = _mm256_add_epi64(a.v[j], b.v[j]);
        CHECKED(for (int j = 0; j < 9; j++) r.limit[j] = a.limit[j] + b.limit[j];
                r.parts = a.parts + b.parts; r.check();)
        return r;
    }
    // a - b + 16 p.
    static INLINE V sub(const V &a, const V &b) {
        CHECKED(for (int j = 0; j < 9; j++) CHECK(b.limit[j] <= C.difference[j][0]);)
        V r;
        UNROLL for (int j = 0; j < 9; j++)
            r.v[j] = _mm256_sub_epi64(_mm256_add_epi64(a.v[j], load_constant(C.difference[j])), b.v[j]);
        CHECKED(for (int j = 0; j < 9; j++) r.limit[j] = a.limit[j] + C.difference[j][0];
                r.parts = a.parts + avx2::DIFFERENCE * PARTS; r.check();)
        return r;
    }
    // 4 p - a in the lanes of `lanes`, else a.
    static INLINE V negate_where(u32 lanes, const V &a) {
        CHECKED(for (int j = 0; j < 9; j++) CHECK(a.limit[j] <= C.negation[j][0]);)
        V r;
        UNROLL for (int j = 0; j < 9; j++)
            r.v[j] = _mm256_sub_epi64(load_constant(C.negation[j]), a.v[j]);
        CHECKED(for (int j = 0; j < 9; j++) r.limit[j] = C.negation[j][0];
                r.parts = avx2::NEGATION * PARTS;)
        return select(lanes, r, a);
    }
    static INLINE V select(u32 lanes, const V &a, const V &b) {
        const Vector mask = _mm256_set_epi64x(
            -(int64_t)(lanes >> 3 & 1), -(int64_t)(lanes >> 2 & 1), -(int64_t)(lanes >> 1 & 1),
            -(int64_t)(lanes & 1));
        V r;
        UNROLL for (int j = 0; j < 9; j++) r.v[j] = _mm256_blendv_epi8(b.v[j], a.v[j], mask);
        CHECKED(for (int j = 0; j < 9; j++) r.limit[j] = greatest(a.limit[j], b.limit[j]);
                r.parts = greatest(a.parts, b.parts); r.check();)
        return r;
    }
    // Limbs below 2^29 again; the value stays.
    static INLINE V carry(const V &a) {
        const Vector mask = load_constant(C.mask);
        V r;
        Vector carry = _mm256_setzero_si256();
        UNROLL for (int j = 0; j < 8; j++) {
            Vector x = _mm256_add_epi64(a.v[j], carry);
            r.v[j] = _mm256_and_si256(x, mask);
            carry = _mm256_srli_epi64(x, 29);
        }
        r.v[8] = _mm256_add_epi64(a.v[8], carry);
        CHECKED(r.carried_below(a.parts); r.check();)
        return r;
    }
    // Made fit for the operands of products of Fp2.
    static INLINE V tidy(const V &a) { return carry(a); }
    // What one of two operands needs before a product in Fp: nothing.
    static INLINE V operand(const V &a) { return a; }
    // What may be subtracted though it was itself a difference.
    static INLINE V subtrahend(const V &a) { return reduce(a); }

    // Below 1.01 p and carried: p times the quotient estimated from the top limb is subtracted. The
    // estimate is too small by less than 1e-4, so that the rest is not negative. A bias of 2^40 in
    // every limb keeps the borrows positive.
    static INLINE V reduce(const V &a) {
        CHECKED(a.check(); CHECK(a.parts <= avx2::REDUCIBLE * PARTS);
                for (int j = 0; j < 9; j++) CHECK(a.limit[j] < (u64)1 << 32);)
        const Vector mask = load_constant(C.mask);
        Vector quotient = _mm256_srli_epi64(_mm256_mul_epu32(a.v[8], load_constant(C.estimate)), 44);
        V r;
        Vector carry = _mm256_setzero_si256();
        UNROLL for (int j = 0; j < 9; j++) {
            Vector x = _mm256_sub_epi64(_mm256_add_epi64(a.v[j], load_constant(C.bias[j])),
                                        _mm256_mul_epu32(quotient, load_constant(C.p[j])));
            x = _mm256_add_epi64(x, carry);
            r.v[j] = j < 8 ? _mm256_and_si256(x, mask) : x;
            carry = _mm256_srli_epi64(x, 29);
        }
        CHECKED(r.carried_below(REDUCED_PARTS); r.check();)
        return r;
    }
    // The one number below p.
    static INLINE V canonical(const V &a) {
        const Vector mask = load_constant(C.mask);
        V x = reduce(a), less;
        Vector borrow = _mm256_setzero_si256();
        UNROLL for (int j = 0; j < 9; j++) {
            Vector d = _mm256_sub_epi64(x.v[j], _mm256_add_epi64(load_constant(C.p[j]), borrow));
            borrow = _mm256_srli_epi64(d, 63);
            less.v[j] = j < 8 ? _mm256_and_si256(d, mask) : d;
        }
        Vector keep = _mm256_sub_epi64(_mm256_setzero_si256(), borrow);
        UNROLL for (int j = 0; j < 9; j++) less.v[j] = _mm256_blendv_epi8(less.v[j], x.v[j], keep);
        CHECKED(less.carried_below(PARTS); less.check();)
        return less;
    }

    static INLINE V broadcast(const Number &n) {
        V r;
        UNROLL for (int j = 0; j < 9; j++)
            r.v[j] = _mm256_set1_epi64x((long long)limb_of(n.word, j, 29));
        CHECKED(r.carried_below(LOADED_PARTS);)
        return r;
    }
    static INLINE V one() { return broadcast(PowerOfTwo<M, RADIX_BITS>::value); }
    static INLINE V zero() { return broadcast(Number{{0, 0, 0, 0}}); }

    // Lane l: the four words at from[l] + offset; any number below 2^256.
    static INLINE V load(const u64 *const *from, int offset, u64 parts = PARTS) {
        Vector r0 = row(from[0] + offset), r1 = row(from[1] + offset),
               r2 = row(from[2] + offset), r3 = row(from[3] + offset);
        Vector u0 = _mm256_unpacklo_epi64(r0, r1), u1 = _mm256_unpackhi_epi64(r0, r1);
        Vector u2 = _mm256_unpacklo_epi64(r2, r3), u3 = _mm256_unpackhi_epi64(r2, r3);
        Vector w0 = _mm256_permute2x128_si256(u0, u2, 0x20), w1 = _mm256_permute2x128_si256(u1, u3, 0x20);
        Vector w2 = _mm256_permute2x128_si256(u0, u2, 0x31), w3 = _mm256_permute2x128_si256(u1, u3, 0x31);
        V r;
        r.v[0] = cut(w0);
        r.v[1] = cut(right(w0, 29));
        r.v[2] = cut(either(right(w0, 58), left(w1, 6)));
        r.v[3] = cut(right(w1, 23));
        r.v[4] = cut(either(right(w1, 52), left(w2, 12)));
        r.v[5] = cut(right(w2, 17));
        r.v[6] = cut(either(right(w2, 46), left(w3, 18)));
        r.v[7] = cut(right(w3, 11));
        r.v[8] = right(w3, 40);
        CHECKED(r.carried_below(parts); r.check();)
        (void)parts;
        return r;
    }
    // The opposite, for carried limbs and values below 2^256.
    INLINE void store(u64 *const *to, int offset) const {
        CHECKED(check(); CHECK(units() == 1); CHECK(parts <= LOADED_PARTS);)
        Vector w0 = either(either(v[0], left(v[1], 29)), left(v[2], 58));
        Vector w1 = either(either(right(v[2], 6), left(v[3], 23)), left(v[4], 52));
        Vector w2 = either(either(right(v[4], 12), left(v[5], 17)), left(v[6], 46));
        Vector w3 = either(either(right(v[6], 18), left(v[7], 11)), left(v[8], 40));
        Vector u0 = _mm256_unpacklo_epi64(w0, w1), u1 = _mm256_unpackhi_epi64(w0, w1);
        Vector u2 = _mm256_unpacklo_epi64(w2, w3), u3 = _mm256_unpackhi_epi64(w2, w3);
        _mm256_storeu_si256((Vector *)(to[0] + offset), _mm256_permute2x128_si256(u0, u2, 0x20));
        _mm256_storeu_si256((Vector *)(to[1] + offset), _mm256_permute2x128_si256(u1, u3, 0x20));
        _mm256_storeu_si256((Vector *)(to[2] + offset), _mm256_permute2x128_si256(u0, u2, 0x31));
        _mm256_storeu_si256((Vector *)(to[3] + offset), _mm256_permute2x128_si256(u1, u3, 0x31));
    }
    // Lanes whose lowest limbs agree: candidates for equality of canonical elements.
    static INLINE u32 alike(const V &a, const V &b) { return lanes_of(_mm256_cmpeq_epi64(a.v[0], b.v[0])); }
    static INLINE u32 near_zero(const V &a) {
        return lanes_of(_mm256_cmpeq_epi64(a.v[0], _mm256_setzero_si256()));
    }

  private:
    // a b (PRODUCTS 1), a b + c d (2), or a^2 with c = 2 a and a = b (0), row by row of b (and d), reduced on the
    // way: see `mul`.
    template <int PRODUCTS> static INLINE V rows_summed(const V *a, const V *b, const V *c, const V *d) {
        const Avx2Constants<M> *constants = &C;
        asm("" : "+r"(constants));  // opaque, so that constants stay operands in memory
        const Vector mask = load_constant(constants->mask);
        const auto factor = [=](int row, int j) { return PRODUCTS == 0 && j > row ? c->v[j] : a->v[j]; };
        Vector t[10];
        UNROLL for (int i = 0; i < 8; i += 2) {
            UNROLL for (int j = PRODUCTS ? 0 : i; j < 9; j++) {
                Vector x = _mm256_mul_epu32(b->v[i], factor(i, j));
                t[j] = i ? _mm256_add_epi64(t[j], x) : x;
                if (PRODUCTS == 2) t[j] = _mm256_add_epi64(t[j], _mm256_mul_epu32(d->v[i], c->v[j]));
            }
            KEEP_ORDER(t);
            UNROLL for (int j = PRODUCTS ? 0 : i + 1; j < 8; j++) {
                t[j + 1] = _mm256_add_epi64(t[j + 1], _mm256_mul_epu32(b->v[i + 1], factor(i + 1, j)));
                if (PRODUCTS == 2) t[j + 1] = _mm256_add_epi64(t[j + 1], _mm256_mul_epu32(d->v[i + 1], c->v[j]));
            }
            t[9] = _mm256_mul_epu32(b->v[i + 1], factor(i + 1, 8));
            if (PRODUCTS == 2) t[9] = _mm256_add_epi64(t[9], _mm256_mul_epu32(d->v[i + 1], c->v[8]));
            KEEP_ORDER(t);
            Vector low = _mm256_and_si256(t[0], mask);
            t[1] = _mm256_add_epi64(t[1], _mm256_srli_epi64(t[0], 29));
            Vector high = _mm256_and_si256(t[1], mask);
            Vector carry = _mm256_srli_epi64(t[1], 29);
            UNROLL for (int j = 0; j < 8; j++)
                t[j] = _mm256_add_epi64(t[j + 2], by_constant(low, constants->two_limbs[j]));
            t[8] = by_constant(low, constants->two_limbs[8]);
            t[0] = _mm256_add_epi64(t[0], carry);
            KEEP_ORDER(t);
            UNROLL for (int j = 0; j < 9; j++)
                t[j] = _mm256_add_epi64(t[j], by_constant(high, constants->one_limb[j]));
            KEEP_ORDER(t);
        }
        UNROLL for (int j = PRODUCTS ? 0 : 8; j < 9; j++) {
            t[j] = _mm256_add_epi64(t[j], _mm256_mul_epu32(b->v[8], a->v[j]));
            if (PRODUCTS == 2) t[j] = _mm256_add_epi64(t[j], _mm256_mul_epu32(d->v[8], c->v[j]));
        }
        Vector quotient = _mm256_and_si256(
            _mm256_mul_epu32(t[0], load_constant(constants->inverse)), mask);
        Vector carry = _mm256_srli_epi64(
            _mm256_add_epi64(t[0], by_constant(quotient, constants->p[0])), 29);
        V r;
        UNROLL for (int j = 1; j < 9; j++) {
            Vector x = _mm256_add_epi64(
                _mm256_add_epi64(t[j], by_constant(quotient, constants->p[j])), carry);
            r.v[j - 1] = _mm256_and_si256(x, mask);
            carry = _mm256_srli_epi64(x, 29);
        }
        r.v[8] = carry;
        return r;
    }
    static INLINE Vector row(const u64 *words) { return _mm256_loadu_si256((const Vector *)words); }
    static INLINE Vector cut(Vector x) { return _mm256_and_si256(x, load_constant(C.mask)); }
    static INLINE Vector right(Vector x, int bits) { return _mm256_srli_epi64(x, bits); }
    static INLINE Vector left(Vector x, int bits) { return _mm256_slli_epi64(x, bits); }
    static INLINE Vector either(Vector x, Vector y) { return _mm256_or_si256(x, y); }
    static INLINE u32 lanes_of(Vector mask) { return (u32)_mm256_movemask_pd(_mm256_castsi256_pd(mask)); }
    // A product with a constant in memory, which the compiler would otherwise load once and spill.
    static INLINE Vector by_constant(Vector x, const u64 (&row)[4]) {
        Vector r;
        asm("vpmuludq %2, %1, %0" : "=x"(r) : "x"(x), "m"(row));
        return r;
    }

#ifdef PROOFMILL_CHECKED
    // The least number of units above every limb.
    u64 units() const {
        u64 most = 1;
        for (int j = 0; j < 9; j++) most = greatest(most, (limit[j] >> 29) + 1);
        return most;
    }
    void carried_below(u64 value_parts) {
        parts = value_parts;
        for (int j = 0; j < 8; j++) limit[j] = (1 << 29) - 1;
        limit[8] = ((M::P[3] >> 40) + 1) * value_parts / PARTS + 1;
    }
    void check() const {
        for (int j = 0; j < 9; j++) {
            alignas(32) u64 lane[4];
            _mm256_store_si256((Vector *)lane, v[j]);
            for (int l = 0; l < 4; l++) CHECK(lane[l] <= limit[j]);
        }
    }
#endif
};
template <class M> constexpr Avx2Constants<M> Avx2Lanes<M>::C;

template <class M> using Lanes = Avx2Lanes<M>;

}  // namespace
