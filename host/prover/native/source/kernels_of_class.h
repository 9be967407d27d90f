// Fills in the table of one vector class; included after the class, with CLASS_TABLE its table's name.
#pragma once
#include "combinations.h"
#include "copied_sums.h"
#include "copies.h"
#include "kernels.h"
#include "lanes_quadratic.h"
#include "multiples.h"
#include "sums.h"
#include "transform.h"

namespace {

typedef Lanes<BaseModulus> BaseLanes;
typedef Lanes<ScalarModulus> ScalarLanes;
typedef GroupOn<Fp, BaseLanes> G1;
typedef GroupOn<Fp2, QuadraticLanes<BaseLanes>> G2;

template <class G>
void sum_of(const Source &points, const u64 *scalars, size_t count, Control *control, u64 work, u64 *result,
            Outcome &outcome) {
    Affine<typename G::F> sum;
    if (points.plan.copies > 1) CopiedSum<G>::run(points, scalars, count, control, work, &sum, outcome);
    else Sum<G>::run(points, scalars, count, control, work, &sum, outcome);
    memcpy(result, &sum, sizeof sum);
}

template <class G>
void multiples_of(const u64 *point, const u64 *scalars, size_t count, u64 *out, Control *control, Outcome &outcome) {
    Multiples<G>::run(point, scalars, count, out, control, outcome);
}

template <class G> void convert_all(const Source &points, size_t count, u64 *out, Control *control, Outcome &outcome) {
    in_shares(greatest(1, control ? control->threads : 1), count, Conversion<G>::PIECE, [&](size_t from, size_t to) {
        Conversion<G> *conversion = create<Conversion<G>>();
        if (!conversion || !conversion->prepare()) outcome.fail(NO_MEMORY);
        else conversion->run(points, nullptr, from, to, out + from * G::POINT, nullptr, control, outcome);
        destroy(conversion);
        advance(control, to - from);
    });
}

template <class G>
void combinations_of(const TermSource &source, size_t rows, u8 *out, Control *control, Outcome &outcome) {
    Combinations<G>::run(source, rows, out, control, outcome);
}

template <class G>
void copies_of(const u64 *points, size_t count, int stride, int copies, u64 *out, Control *control, Outcome &outcome) {
    Copies<G>::run(points, count, stride, copies, out, control, outcome);
}

template <class G>
void convert_copies(const Source &points, size_t count, int stride, int copies, u64 *out, Control *control, Outcome &outcome) {
    Copies<G>::run_converted(points, count, stride, copies, out, control, outcome);
}

template <class V> void lane_arithmetic(int operation, const u64 *a, const u64 *b, u64 *out, size_t count) {
    for (size_t i = 0; i < count; i += V::LANES) {
        static const u64 zero[4] = {};
        u64 sink[4];
        const u64 *from_a[V::LANES], *from_b[V::LANES];
        u64 *to[V::LANES];
        for (int l = 0; l < V::LANES; l++) {
            const bool in = i + l < count;
            from_a[l] = in ? a + 4 * (i + l) : zero;
            from_b[l] = in ? b + 4 * (i + l) : zero;
            to[l] = in ? out + 4 * (i + l) : sink;
        }
        const V x = V::load(from_a, 0, 5418), y = V::load(from_b, 0, 5418);
        V r = x;
        if (operation == 0) r = V::mul(x, y);
        if (operation == 1) r = V::add(x, y);
        if (operation == 2) r = V::sub(x, y);
        if (operation == 3) r = V::negate_where(~0u, V::canonical(x));
        // The largest operands that bounds.h allows: (a - b + 16 p) (a + b).
        if (operation == 5) r = V::mul(V::carry(V::sub(x, y)), V::add(x, y));
        if (operation == 6) r = V::mul(V::sub(V::add(x, y), V::add(y, y)), V::carry(y));
        V::canonical(r).store(to, 0);
    }
}

void arithmetic_of(int field, int operation, const u64 *a, const u64 *b, u64 *out, size_t count) {
    if (field) lane_arithmetic<ScalarLanes>(operation, a, b, out, count);
    else lane_arithmetic<BaseLanes>(operation, a, b, out, count);
}

}  // namespace

extern "C" const Kernels CLASS_TABLE = {
    BaseLanes::LANES,
    Transform<ScalarLanes>::LEAST_POWER,
    sum_of<G1>,
    sum_of<G2>,
    multiples_of<G1>,
    multiples_of<G2>,
    combinations_of<G1>,
    combinations_of<G2>,
    convert_all<G1>,
    convert_all<G2>,
    copies_of<G1>,
    copies_of<G2>,
    convert_copies<G1>,
    convert_copies<G2>,
    quotient<ScalarLanes>,
    make_tables<ScalarLanes>,
    destroy_tables<ScalarLanes>,
    transform<ScalarLanes>,
    arithmetic_of,
};
