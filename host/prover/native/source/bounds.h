// What lazy sums may reach, in one place.
//
// The vector classes use these numbers, a checked build (-DPROOFMILL_CHECKED) follows the interval
// of every value at work and ends the process where one is left, and tests/host/prover/native/
// test_bounds.py reads this file and proves the same by interval arithmetic on the algorithms.
//
// Values are multiples of the prime p; a "unit" is 2^LIMB_BITS, the size of a carried limb.
#pragma once
#include "words.h"

namespace {

// Four lanes of 9 limbs of 29 bits in 64-bit words, radix 2^261.
namespace avx2 {
constexpr int LIMB_BITS = 29;
constexpr int LIMBS = 9;
constexpr int RADIX_BITS = LIMB_BITS * LIMBS;
// Operands of a product have limbs below A and B units with A * B <= OPERAND_UNITS: a column is then
// at most 9 * 6 * 2^58 from the operands and 9 * 2^58 from the reduction, together below 2^64. Of two
// products with one reduction the sum of both A * B counts.
constexpr u64 OPERAND_UNITS = 6;
// A product a b / 2^261 is below PRODUCT_BASE p + (a / p)(b / p) p / PRODUCT_SHRINK (plus 2^-50 p), and
// (a b + c d) / 2^261 below PRODUCT_BASE p + (a b + c d) / (p PRODUCT_SHRINK).
constexpr u64 PRODUCT_BASE = 3;
constexpr u64 PRODUCT_SHRINK = 169;
// a - b is computed as a - b + DIFFERENCE p; b has limbs below DIFFERENCE_UNITS units (less 1).
constexpr u64 DIFFERENCE = 16;
constexpr u64 DIFFERENCE_UNITS = 2;
// -a is computed as NEGATION p - a; a is carried and below NEGATION p - 1 unit of the top limb.
constexpr u64 NEGATION = 4;
// What is reduced is below REDUCIBLE p with limbs below 2^32; the result is below 1.01 p.
constexpr u64 REDUCIBLE = 128;
}  // namespace avx2

// Eight lanes of 5 limbs of 52 bits, radix 2^260. Limbs are always carried: the instructions read
// only 52 bits of an operand.
namespace ifma {
constexpr int LIMB_BITS = 52;
constexpr int LIMBS = 5;
constexpr int RADIX_BITS = LIMB_BITS * LIMBS;
// A product a b / 2^260 is below PRODUCT_BASE p + (a / p)(b / p) p / PRODUCT_SHRINK.
constexpr u64 PRODUCT_BASE = 1;
constexpr u64 PRODUCT_SHRINK = 84;
// a - b is computed as a - b + DIFFERENCE p, for b below DIFFERENCE p.
constexpr u64 DIFFERENCE = 16;
constexpr u64 NEGATION = 4;
// Every value is below REDUCIBLE p < 2^260; what is reduced comes out below 1.01 p.
constexpr u64 REDUCIBLE = 80;
}  // namespace ifma

// 1.01 p as an interval's end, in 1024ths of p; so are the coordinates that additions leave in memory.
constexpr u64 PARTS = 1024;
constexpr u64 REDUCED_PARTS = 1035;
// 2^256 < 5.2908 p.
constexpr u64 LOADED_PARTS = 5418;

}  // namespace
