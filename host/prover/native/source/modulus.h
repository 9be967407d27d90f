// The two primes of a curve, and constants that follow from them, derived by the compiler: those of BN254, or
// of BLS12-381 in files that define PROOFMILL_BLS12_381. (hdl/field.py has them too; a test compares.)
#pragma once
#include "words.h"

namespace {

// A number, little-endian words.
template <int WORDS> struct Words {
    u64 word[WORDS];
};
typedef Words<4> Number;

template <int WORDS = 4> INLINE constexpr bool is_below(const u64 *a, const u64 *b) {
    u64 borrow = 0;
    for (int i = 0; i < WORDS; i++) subtract_borrow(a[i], b[i], borrow);
    return borrow != 0;
}

// Bits 0..length-1 of the limb at `position` when `number` is cut in limbs of `length` bits.
INLINE constexpr u64 limb_of(const u64 *number, int position, int length) {
    int bit = position * length, word = bit / 64, shift = bit % 64;
    u64 value = word < 4 ? number[word] >> shift : 0;
    if (shift && word < 3) value |= number[word + 1] << (64 - shift);
    return value & (((u64)1 << length) - 1);
}

// BaseModulus: p, the prime of coordinates. ScalarModulus: r, the prime of scalars, the order of the groups.
#ifdef PROOFMILL_BLS12_381
struct BaseModulus {
    static constexpr int WORDS = 6;
    static constexpr u64 P[WORDS] = {0xb9feffffffffaaab, 0x1eabfffeb153ffff, 0x6730d2a0f6b0f624,
                                     0x64774b84f38512bf, 0x4b1ba7b6434bacd7, 0x1a0111ea397fe69a};
};
struct ScalarModulus {
    static constexpr int WORDS = 4;
    static constexpr u64 P[WORDS] = {0xffffffff00000001, 0x53bda402fffe5bfe,
                                     0x3339d80809a1d805, 0x73eda753299d7d48};
};
constexpr int SCALAR_BITS = 255;
#else
struct BaseModulus {
    static constexpr int WORDS = 4;
    static constexpr u64 P[WORDS] = {0x3c208c16d87cfd47, 0x97816a916871ca8d,
                                     0xb85045b68181585d, 0x30644e72e131a029};
};
struct ScalarModulus {
    static constexpr int WORDS = 4;
    static constexpr u64 P[WORDS] = {0x43e1f593f0000001, 0x2833e84879b97091,
                                     0xb85045b68181585d, 0x30644e72e131a029};
};
constexpr int SCALAR_BITS = 254;
#endif

// 2^exponent modulo M's prime; the exponent may be negative.
template <class M> constexpr Words<M::WORDS> power_of_two(int exponent) {
    constexpr int WORDS = M::WORDS;
    Words<WORDS> x = {{1}};
    for (; exponent > 0; exponent--) {
        Words<WORDS> twice = {}, less = {};
        u64 carry = 0, borrow = 0;
        for (int i = 0; i < WORDS; i++) twice.word[i] = add_carry(x.word[i], x.word[i], carry);
        for (int i = 0; i < WORDS; i++) less.word[i] = subtract_borrow(twice.word[i], M::P[i], borrow);
        x = borrow ? twice : less;
    }
    for (; exponent < 0; exponent++) {
        u64 carry = 0;
        if (x.word[0] & 1)
            for (int i = 0; i < WORDS; i++) x.word[i] = add_carry(x.word[i], M::P[i], carry);
        for (int i = 0; i < WORDS; i++)
            x.word[i] = x.word[i] >> 1 | (i < WORDS - 1 ? x.word[i + 1] << 63 : carry << 63);
    }
    return x;
}

// -1 / p modulo 2^64, by Newton's iteration.
template <class M> constexpr u64 negated_inverse() {
    u64 x = 1;
    for (int i = 0; i < 6; i++) x *= 2 - M::P[0] * x;
    return 0 - x;
}

template <class M, int EXPONENT> struct PowerOfTwo {
    static constexpr Words<M::WORDS> value = power_of_two<M>(EXPONENT);
};

}  // namespace
