// The two primes of BN254, and constants that follow from them, derived by the compiler.
#pragma once
#include "words.h"

namespace {

// 256 bits, little-endian words.
struct Number {
    u64 word[4];
};

INLINE constexpr bool is_below(const u64 *a, const u64 *b) {
    u64 borrow = 0;
    for (int i = 0; i < 4; i++) subtract_borrow(a[i], b[i], borrow);
    return borrow != 0;
}

// Bits 0..length-1 of the limb at `position` when `number` is cut in limbs of `length` bits.
INLINE constexpr u64 limb_of(const u64 *number, int position, int length) {
    int bit = position * length, word = bit / 64, shift = bit % 64;
    u64 value = word < 4 ? number[word] >> shift : 0;
    if (shift && word < 3) value |= number[word + 1] << (64 - shift);
    return value & (((u64)1 << length) - 1);
}

// p, the prime of coordinates.
struct BaseModulus {
    static constexpr u64 P[4] = {0x3c208c16d87cfd47, 0x97816a916871ca8d,
                                 0xb85045b68181585d, 0x30644e72e131a029};
};

// r, the prime of scalars: the order of both groups.
struct ScalarModulus {
    static constexpr u64 P[4] = {0x43e1f593f0000001, 0x2833e84879b97091,
                                 0xb85045b68181585d, 0x30644e72e131a029};
};

// 2^exponent modulo M's prime; the exponent may be negative.
template <class M> constexpr Number power_of_two(int exponent) {
    Number x = {{1, 0, 0, 0}};
    for (; exponent > 0; exponent--) {
        Number twice = {}, less = {};
        u64 carry = 0, borrow = 0;
        for (int i = 0; i < 4; i++) twice.word[i] = add_carry(x.word[i], x.word[i], carry);
        for (int i = 0; i < 4; i++) less.word[i] = subtract_borrow(twice.word[i], M::P[i], borrow);
        x = borrow ? twice : less;
    }
    for (; exponent < 0; exponent++) {
        u64 carry = 0;
        if (x.word[0] & 1)
            for (int i = 0; i < 4; i++) x.word[i] = add_carry(x.word[i], M::P[i], carry);
        for (int i = 0; i < 4; i++)
            x.word[i] = x.word[i] >> 1 | (i < 3 ? x.word[i + 1] << 63 : carry << 63);
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
    static constexpr Number value = power_of_two<M>(EXPONENT);
};

}  // namespace
