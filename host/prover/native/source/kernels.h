// What is compiled once for each vector class, behind one table of functions.
#pragma once
#include "control.h"

// Scalars and numbers are four words each; points are affine times 2^256 (8 or 16 words), infinity is
// all zero. Failures go to the outcome.
struct Kernels {
    int lanes;
    int least_power;  // of a domain of the quotient
    void (*sum_g1)(const Source &, const u64 *scalars, size_t, Control *, u64 work, u64 *result, Outcome &);
    void (*sum_g2)(const Source &, const u64 *scalars, size_t, Control *, u64 work, u64 *result, Outcome &);
    void (*multiples_g1)(const u64 *point, const u64 *scalars, size_t, u64 *out, Control *, Outcome &);
    void (*multiples_g2)(const u64 *point, const u64 *scalars, size_t, u64 *out, Control *, Outcome &);
    // All points of a source, in the form that sums with `converted` set take.
    void (*convert_g1)(const Source &, size_t, u64 *out, Control *, Outcome &);
    void (*convert_g2)(const Source &, size_t, u64 *out, Control *, Outcome &);
    // `tables`: of make_tables for the same power, or null.
    void (*quotient)(u64 *a, u64 *b, u64 *c, int power, const void *tables, Control *, u64 work, Outcome &);
    void *(*make_tables)(int power, int threads);  // null where memory is short
    void (*destroy_tables)(void *);
    // For tests: a b / 2^RADIX_BITS, a + b, a - b, -a and a, canonical, in lanes; field 0 is Fp, 1 Fr.
    void (*arithmetic)(int field, int operation, const u64 *a, const u64 *b, u64 *out, size_t count);
};

// Each vector class is a file of its own, since each is compiled for its own instructions.
extern "C" const Kernels proofmill_scalar, proofmill_avx2, proofmill_ifma;
