// Scalars cut in signed digits.
#pragma once
#include "modulus.h"

namespace {

constexpr int GREATEST_WINDOW = 16;

// The bits of a number of four words: 0 for 0.
INLINE int length_of(const u64 *s) {
    for (int i = 3; i >= 0; i--)
        if (s[i]) return 64 * i + 64 - __builtin_clzll(s[i]);
    return 0;
}

// A scalar below r, from any below 2^256 (which is less than 6 r of either curve).
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

}  // namespace
