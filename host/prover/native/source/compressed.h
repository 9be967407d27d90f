// Points of G1 of BLS12-381 in 48 bytes, as the consensus layer writes them.
//
// Big-endian x; the three highest bits say: compressed (always 1), infinity, y is the greater of both
// (IETF draft-irtf-cfrg-pairing-friendly-curves-11, appendix C).
#pragma once
#include "points.h"

namespace {

constexpr size_t COMPRESSED_BYTES = 48;
constexpr u64 CURVE_B = 4;
constexpr u64 CURVE_X = 0xd201000000010000;  // |x|, the curve's parameter: r = x^4 - x^2 + 1

// Why bytes are no point. The same in bls12_381.py.
enum Problem { NO_PROBLEM = 0, NOT_COMPRESSED, BAD_INFINITY, X_NOT_BELOW_PRIME, NOT_ON_CURVE, NOT_IN_SUBGROUP };

// A cube root of 1: (beta x, y) is x^2 - 1 times (x, y) in the group of order r (see Endomorphism in
// tests/host/prover/native/test_bls12_381.py); beta^2 gives the other eigenvalue, -x^2.
INLINE Fp beta() {
    return Fp::from_plain({{0x8bfd00000000aaac, 0x409427eb4f49fffd, 0x897d29650fb85f9b,
                            0xaa0d857d89759ad4, 0xec02408663d4de85, 0x1a0111ea397fe699}});
}

// sqrt((x^3 + 4)), if it is one; p = 3 mod 4, so it is a power.
INLINE bool root_of(const Fp &square, Fp &root) {
    u64 exponent[Fp::WORDS], carry = 1;  // (p + 1) / 4
    for (int i = 0; i < Fp::WORDS; i++) exponent[i] = add_carry(BaseModulus::P[i], 0, carry);
    for (int i = 0; i < Fp::WORDS; i++)
        exponent[i] = exponent[i] >> 2 | (i + 1 < Fp::WORDS ? exponent[i + 1] << 62 : 0);
    root = Fp::power(square, exponent, Fp::WORDS);
    return Fp::sqr(root) == square;
}

// Whether y, times 2^BITS, is above (p - 1) / 2 as a number.
INLINE bool is_greater_root(const Fp &y) {
    const Fp plain = Fp::to_plain(y), other = Fp::to_plain(Fp::neg(y));
    return is_below<Fp::WORDS>(other.v, plain.v);
}

// |x| times a point: bits 63, 62, 60, 57, 48 and 16.
inline Point<Fp> times_x(const Point<Fp> &p) {
    Point<Fp> total = p;
    for (int bit = 62; bit >= 0; bit--) {
        total = Point<Fp>::twice(total);
        if (CURVE_X >> bit & 1) total = Point<Fp>::add(total, p);
    }
    return total;
}

// Whether a point of the curve has an order that divides r: just then (beta^2 x, y) = -x^2 (x, y)
// (M. Scott, "A note on group membership tests for G1, G2 and GT", ePrint 2021/1130, section 6).
inline bool in_subgroup(const Affine<Fp> &p) {
    if (p.is_infinity()) return true;
    const Point<Fp> square = times_x(times_x(Point<Fp>::of(p)));
    const Point<Fp> image = {Fp::mul(p.x, Fp::sqr(beta())), p.y, Fp::one(), Fp::one()};
    return Point<Fp>::add(square, image).is_infinity();
}

inline Problem decompress(const u8 *bytes, bool check_subgroup, Affine<Fp> &point) {
    const u8 flags = bytes[0];
    Fp x = {};
    for (int word = 0; word < Fp::WORDS; word++)
        x.v[Fp::WORDS - 1 - word] = __builtin_bswap64(read_as<u64>(bytes + 8 * word));
    x.v[Fp::WORDS - 1] &= ~(u64)0 >> 3;
    point = Affine<Fp>::infinity();
    if (!(flags & 0x80)) return NOT_COMPRESSED;
    if (flags & 0x40) return flags & 0x20 || !x.is_zero() ? BAD_INFINITY : NO_PROBLEM;
    if (!x.is_canonical()) return X_NOT_BELOW_PRIME;
    x = Fp::from_plain(x);
    const Fp square = Fp::add(Fp::mul(Fp::sqr(x), x), Fp::from_plain({{CURVE_B}}));
    Fp y;
    if (!root_of(square, y)) return NOT_ON_CURVE;
    if (is_greater_root(y) != (bool)(flags & 0x20)) y = Fp::neg(y);
    point = {x, y};
    return check_subgroup && !in_subgroup(point) ? NOT_IN_SUBGROUP : NO_PROBLEM;
}

inline void compress(const Affine<Fp> &point, u8 *bytes) {
    const Fp x = Fp::to_plain(point.x);
    for (int word = 0; word < Fp::WORDS; word++) {
        const u64 reversed = __builtin_bswap64(x.v[Fp::WORDS - 1 - word]);
        memcpy(bytes + 8 * word, &reversed, 8);
    }
    bytes[0] |= 0x80;
    if (point.is_infinity()) bytes[0] |= 0x40;
    else if (is_greater_root(point.y)) bytes[0] |= 0x20;
}

}  // namespace
