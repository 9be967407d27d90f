// What is compiled once for each vector class, behind one table of functions.
#pragma once
#include "control.h"

// Rows of terms, scalar times point, to be summed.
struct TermSource {
    const uint8_t *points;     // affine times 2^256, at any byte
    uint64_t count;            // of points
    const uint32_t *places;    // of every term: which point
    const uint64_t *scalars;   // of every term: four words, any below 2^256
    const uint64_t *starts;    // row i has the terms starts[i] .. starts[i + 1] - 1
};

// Scalars and numbers are four words each; points are affine times 2^256 (8 or 16 words), infinity is
// all zero. Failures go to the outcome.
struct Kernels {
    int lanes;
    int least_power;  // of a domain of the quotient
    void (*sum_g1)(const Source &, const u64 *scalars, size_t, Control *, u64 work, u64 *result, Outcome &);
    void (*sum_g2)(const Source &, const u64 *scalars, size_t, Control *, u64 work, u64 *result, Outcome &);
    void (*multiples_g1)(const u64 *point, const u64 *scalars, size_t, u64 *out, Control *, Outcome &);
    void (*multiples_g2)(const u64 *point, const u64 *scalars, size_t, u64 *out, Control *, Outcome &);
    void (*combinations_g1)(const TermSource &, size_t rows, u8 *out, Control *, Outcome &);
    void (*combinations_g2)(const TermSource &, size_t rows, u8 *out, Control *, Outcome &);
    // All points of a source, in the form that sums with `converted` set take.
    void (*convert_g1)(const Source &, size_t, u64 *out, Control *, Outcome &);
    void (*convert_g2)(const Source &, size_t, u64 *out, Control *, Outcome &);
    // `copies` of each of so many points: 2^(stride i) times it.
    void (*copies_g1)(const u64 *points, size_t, int stride, int copies, u64 *out, Control *, Outcome &);
    void (*copies_g2)(const u64 *points, size_t, int stride, int copies, u64 *out, Control *, Outcome &);
    // The same of all points of a source, in the form that sums take with the source's `copies`.
    void (*convert_copies_g1)(const Source &, size_t, int stride, int copies, u64 *out, Control *, Outcome &);
    void (*convert_copies_g2)(const Source &, size_t, int stride, int copies, u64 *out, Control *, Outcome &);
    // `tables`: of make_tables for the same power, or null.
    void (*quotient)(u64 *a, u64 *b, u64 *c, int power, const void *tables, Control *, u64 work, Outcome &);
    void *(*make_tables)(int power, int threads, bool with_shifts);  // the quotient needs shifts; null where memory is short
    void (*destroy_tables)(void *);
    // See Transform::plain; `tables`: of make_tables; `shift`: times 2^256.
    void (*transform)(u64 *values, const void *tables, bool inverse, const u64 *shift, int threads, Outcome &);
    // For tests: a b / 2^RADIX_BITS, a + b, a - b, -a and a, canonical, in lanes; field 0 is Fp, 1 Fr.
    void (*arithmetic)(int field, int operation, const u64 *a, const u64 *b, u64 *out, size_t count);
};

// Each vector class is a file of its own, since each is compiled for its own instructions.
extern "C" const Kernels proofmill_scalar, proofmill_avx2, proofmill_ifma;
