// BLS12-381, one element at a time: sums, transforms and the form of points that KZG commitments need.
#define PROOFMILL_BLS12_381
#include "lanes_scalar.h"

#include "answers.h"
#include "evaluations.h"
#include "point_transforms.h"

namespace {

typedef GroupOn<Fp, Lanes<BaseModulus>> G1;
constexpr size_t G1_BYTES = G1::POINT * 8;

}  // namespace

// Points affine times 2^384, 12 words, infinity all zero, from 48 bytes each. Answers -1, or 8 * index + problem
// (see compressed.h) for the first that is none.
EXPORT int64_t proofmill_bls12_381_decompress(const uint8_t *bytes, uint64_t count, int32_t check_subgroup, int32_t threads,
                                              uint64_t *points) {
    u64 first = ~(u64)0;
    in_shares(threads, count, 64, [&](size_t from, size_t to) {
        for (size_t i = from; i < to; i++) {
            Affine<Fp> point;
            const Problem problem = decompress(bytes + i * COMPRESSED_BYTES, check_subgroup, point);
            memcpy(points + i * G1::POINT, &point, sizeof point);
            if (!problem) continue;
            const u64 answer = 8 * i + problem;
            u64 least_so_far = __atomic_load_n(&first, __ATOMIC_RELAXED);
            while (answer < least_so_far && !__atomic_compare_exchange_n(&first, &least_so_far, answer, false,
                                                                         __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
            return;
        }
    });
    return (int64_t)first;
}

EXPORT void proofmill_bls12_381_compress(const uint64_t *points, uint64_t count, uint8_t *bytes) {
    for (u64 i = 0; i < count; i++) compress(Affine<Fp>::load(points + i * G1::POINT), bytes + i * COMPRESSED_BYTES);
}

// sum(scalars[i] * points[i]); scalars are 4 words, any number below 2^256.
EXPORT int32_t proofmill_bls12_381_sum(const uint8_t *points, const uint64_t *scalars, uint64_t count, Control *control,
                                       uint64_t *result, Fault *fault) {
    Outcome outcome;
    Source source;
    source.memory = points;
    control->total = count;
    Affine<Fp> sum;
    Sum<G1>::run(source, scalars, count, control, count, &sum, outcome);
    memcpy(result, &sum, sizeof sum);
    return answer(outcome, control, fault);
}

// out[i] = the sum of row i's terms; see TermSource.
EXPORT int32_t proofmill_bls12_381_combinations(const uint8_t *points, uint64_t point_count, const uint32_t *places,
                                                const uint64_t *scalars, const uint64_t *starts, uint64_t rows,
                                                Control *control, uint8_t *out, Fault *fault) {
    Outcome outcome;
    control->total = starts[rows] - starts[0];
    Combinations<G1>::run({points, point_count, places, scalars, starts}, rows, out, control, outcome);
    return answer(outcome, control, fault);
}

// `count` transforms of 2^power points each, in place; see PointTransform.
EXPORT int32_t proofmill_bls12_381_transform_points(uint64_t *points, uint64_t count, int32_t power, const uint64_t *factors,
                                                    Control *control, Fault *fault) {
    Outcome outcome;
    control->total = (count << power) * (u64)power;
    PointTransform<G1>::run(points, count, power, factors, control, outcome);
    return answer(outcome, control, fault);
}

// `count` transforms of 2^power scalars each, in place; see transform. All numbers are plain and below r.
EXPORT int32_t proofmill_bls12_381_transform(uint64_t *values, uint64_t count, int32_t power, const uint64_t *root,
                                             const uint64_t *scale, int32_t threads, Fault *fault) {
    Outcome outcome;
    transform(values, count, power, Fr::from_plain(Fr::load(root)), Fr::from_plain(Fr::load(scale)), threads, outcome);
    return answer(outcome, nullptr, fault);
}

// f(z), and the quotient's values unless `quotient` is null; see quotient_at. All numbers are plain and below r.
EXPORT int32_t proofmill_bls12_381_quotient(const uint64_t *values, const uint64_t *roots, uint64_t count, const uint64_t *at,
                                            uint64_t *value, uint64_t *quotient, Fault *fault) {
    Outcome outcome;
    quotient_at(values, roots, count, at, value, quotient, outcome);
    return answer(outcome, nullptr, fault);
}
