// The functions that Python calls. Each takes a Fault, whose code is 0 where all went well.
#include "answers.h"
#include "files.h"
#include "kernels.h"
#include "pairing.h"
#include "polynomials.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <malloc.h>
#endif

namespace {

enum VectorClass { SCALAR = 0, AVX2 = 1, IFMA = 2, CLASSES = 3 };

#if defined(__x86_64__)
// By cpuid and the state the system saves, since __builtin_cpu_supports answers no to everything where
// the compiler's own runtime does not fill its table.
struct Processor {
    bool avx2 = false, ifma = false;

    Processor() {
        u32 a, b, c, d;
        if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1)) return;  // OSXSAVE
        u32 low, high;
        asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        constexpr u32 YMM = 0x6, ZMM = 0xe6;  // parts of the state: SSE and AVX; those and AVX-512's
        if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return;
        const u32 bmi2_adx = 1u << 8 | 1u << 19;
        avx2 = (low & YMM) == YMM && (b >> 5 & 1) && (b & bmi2_adx) == bmi2_adx;
        const u32 needed = 1u << 16 | 1u << 17 | 1u << 21 | 1u << 30 | 1u << 31;  // F, DQ, IFMA, BW, VL
        ifma = avx2 && (low & ZMM) == ZMM && (b & needed) == needed;
    }
};
#endif

bool can_run(int vector) {
    if (vector == SCALAR) return true;
#if defined(__x86_64__)
    const Processor processor;
    if (vector == AVX2) return processor.avx2;
#ifdef PROOFMILL_EMULATE_IFMA
    if (vector == IFMA) return true;
#endif
    if (vector == IFMA) return processor.ifma;
#endif
    return false;
}

const Kernels &kernels_of(int vector) {
#if defined(__x86_64__)
    if (vector == AVX2) return proofmill_avx2;
    if (vector == IFMA) return proofmill_ifma;
#endif
    (void)vector;
    return proofmill_scalar;
}

// Entries of the matrices A and B times the witness, row by row; `matrices`: bit 0 A, bit 1 B.
// Coefficients are kept times 2^512, so that their product with a plain number is times 2^256.
void multiply_rows(const Key &key, const Source &entries, const u64 *witness, u32 matrices, u64 *const *rows,
                   const Control *control, Outcome &outcome) {
    constexpr u32 PIECE = 4096;
    Buffer<u8> room;
    if (!room.reserve(PIECE * COEFFICIENT_BYTES)) return outcome.fail(NO_MEMORY);
    for (u64 first = 0; first < key.coefficients && !is_cancelled(control) && !outcome.failed(); first += PIECE) {
        const u32 count = (u32)least((u64)PIECE, key.coefficients - first);
        const u8 *piece = entries.fetch(first * COEFFICIENT_BYTES, count * COEFFICIENT_BYTES, room.data(), outcome);
        if (!piece) return;
        for (u32 i = 0; i < count; i++) {
            const u8 *entry = piece + i * COEFFICIENT_BYTES;
            u32 place[3];  // matrix, constraint, signal
            memcpy(place, entry, sizeof place);
            const u32 bounds[3] = {2, key.domain, key.wires};
            const Fr value = Fr::load(entry + 12);
            for (int field = 0; field < 3; field++)
                if (__builtin_expect(place[field] >= bounds[field], 0)) {
                    Fault fault = entries.at((first + i) * COEFFICIENT_BYTES);
                    fault.code = BAD_INDEX;
                    fault.index = first + i;
                    fault.detail = field;
                    fault.found = place[field];
                    fault.limit = bounds[field];
                    return outcome.fail(fault);
                }
            if (!(matrices >> place[0] & 1)) continue;
            if (__builtin_expect(!value.is_canonical(), 0)) {
                Fault fault = entries.at((first + i) * COEFFICIENT_BYTES);
                fault.code = NOT_BELOW_PRIME;
                fault.index = first + i;
                return outcome.fail(fault);
            }
            u64 *row = rows[place[0]] + 4 * (size_t)place[1];
            const Fr sum = Fr::add(Fr::load(row), Fr::mul(value, Fr::load(witness + 4 * (size_t)place[2])));
            memcpy(row, &sum, sizeof sum);
        }
    }
}

// Where a proof takes from what is large in a key: a file's sections, or what a HeldKey has of them.
struct Parts {
    Source public_points, entries, a, b_g1, b_g2, c, h;
    const void *tables;  // of the quotient, or null

    explicit Parts(const Key &key)
        : public_points(key.container.content(3)), entries(key.container.content(4, 4)), a(key.container.content(5)),
          b_g1(key.container.content(6)), b_g2(key.container.content(7)), c(key.container.content(8)),
          h(key.container.content(9)), tables(nullptr) {}

    static constexpr int POINT_SECTIONS = 6;
    // body(number, points, how many, whether of G2) for every section of points; 0 is the public signals'.
    template <class Body> void each_points(const Key &key, Body body) {
        const u64 wires = key.wires, outputs = key.outputs;
        body(0, public_points, outputs + 1, false);
        body(1, a, wires, false);
        body(2, b_g1, wires, false);
        body(3, b_g2, wires, true);
        body(4, c, wires - outputs - 1, false);
        body(5, h, (u64)key.domain, false);
    }
};

// The sums of a proof; the key's sections are read once, in pieces, one section at a time.
struct Sums {
    Affine<Fp> a, b_g1, c, h;
    Affine<Fp2> b_g2;
};

// Lanes need a domain of a few vectors.
const Kernels &transforming(const Kernels &kernels, int power) {
    return power < kernels.least_power ? proofmill_scalar : kernels;
}

void compute(const Key &key, const Parts &parts, const u64 *witness, const Kernels &kernels, Control *control, Sums &sums,
             Outcome &outcome) {
    const int threads = greatest(1, control->threads);
    const u64 private_wires = key.wires - key.outputs - 1;
    control->total = (u64)key.wires * 5 + private_wires + 2 * (u64)key.domain;
    const size_t words = 4 * (size_t)key.domain;
    Buffer<u64> a, b, c;
    if (!a.reserve(words) || !b.reserve(words) || !c.reserve(words)) return outcome.fail(NO_MEMORY);
    memset(a.data(), 0, words * 8);
    memset(b.data(), 0, words * 8);
    u64 *const rows[2] = {a.data(), b.data()};
    if (threads == 1) {
        multiply_rows(key, parts.entries, witness, 3, rows, control, outcome);
    } else {
        auto half = [&](int matrix) { multiply_rows(key, parts.entries, witness, 1u << matrix, rows, control, outcome); };
        on_threads(2, half);
    }
    if (outcome.failed()) return;
    transforming(kernels, key.power).quotient(a.data(), b.data(), c.data(), key.power, parts.tables, control, key.domain, outcome);
    b.release();
    c.release();
    if (outcome.failed() || is_cancelled(control)) return;
    kernels.sum_g1(parts.h, a.data(), key.domain, control, key.domain, (u64 *)&sums.h, outcome);
    a.release();
    struct { const Source &points; decltype(kernels.sum_g1) sum; void *result; u64 skipped, work; } const rest[] = {
        {parts.a, kernels.sum_g1, &sums.a, 0, key.wires}, {parts.b_g1, kernels.sum_g1, &sums.b_g1, 0, key.wires},
        {parts.b_g2, kernels.sum_g2, &sums.b_g2, 0, 3 * (u64)key.wires},
        {parts.c, kernels.sum_g1, &sums.c, (u64)key.outputs + 1, private_wires}};
    for (auto &each : rest) {
        if (outcome.failed() || is_cancelled(control)) return;
        each.sum(each.points, witness + 4 * each.skipped, key.wires - each.skipped, control, each.work,
                 (u64 *)each.result, outcome);
    }
}

struct ProofPoints {
    Affine<Fp> a;
    Affine<Fp2> b;
    Affine<Fp> c;
};

//   A = alpha + sum_A + r delta,   B = beta + sum_B + s delta,
//   C = sum_C + sum_H + s A + r B - r s delta       (J. Groth, "On the Size of ...", section 3.2)
ProofPoints assemble(const Key &key, const Sums &sums, const u64 *r, const u64 *s) {
    typedef Point<Fp> P1;
    typedef Point<Fp2> P2;
    const P1 delta = P1::of(Affine<Fp>::load(key.delta_g1));
    const P2 delta_g2 = P2::of(Affine<Fp2>::load(key.delta_g2));
    const P1 a = P1::add(P1::add(P1::of(sums.a), Affine<Fp>::load(key.alpha_g1)), P1::times(delta, r));
    const P1 b_g1 = P1::add(P1::add(P1::of(sums.b_g1), Affine<Fp>::load(key.beta_g1)), P1::times(delta, s));
    const P2 b = P2::add(P2::add(P2::of(sums.b_g2), Affine<Fp2>::load(key.beta_g2)), P2::times(delta_g2, s));
    const Fr product = Fr::mul(Fr::from_plain(read_as<Fr>(r)), read_as<Fr>(s)), negated = Fr::neg(product);
    const P1 c = P1::add(P1::add(P1::add(P1::of(sums.c), sums.h), P1::add(P1::times(a, s), P1::times(b_g1, r))),
                         P1::times(delta, negated.v));
    return {P1::affine(a), P2::affine(b), P1::affine(c)};
}

// sum(values[i] * points[i]) over the constant 1 and the public signals.
void public_sum(const Source &points, const u64 *values, u64 count, const Kernels &kernels, Affine<Fp> &sum,
                Outcome &outcome) {
    Control one_thread = {};
    one_thread.threads = 1;
    kernels.sum_g1(points, values, count, &one_thread, 0, (u64 *)&sum, outcome);
}

// Points as a vector class takes them, with the multiples that are planned for.
void convert(const Kernels &kernels, bool g2, const Source &points, size_t count, const CopiesPlan &plan, u64 *out,
             Control *control, Outcome &outcome) {
    if (plan.copies == 1) (g2 ? kernels.convert_g2 : kernels.convert_g1)(points, count, out, control, outcome);
    else (g2 ? kernels.convert_copies_g2 : kernels.convert_copies_g1)(points, count, plan.stride(), plan.copies, out, control, outcome);
}

// Points of a key in memory, as a vector class takes them, with multiples beside them if there is room.
struct HeldPoints {
    Buffer<u64> points;
    CopiesPlan plan;

    Source source(const Source &file) const {
        Source held = file;
        held.memory = (const u8 *)points.data();
        held.converted = true;
        held.plan = plan;
        return held;
    }
};

// A key that stays in memory for many proofs: coefficients as in the file, points, the transforms' tables.
// Read-only once it is there, so that threads may share it.
struct HeldKey {
    static constexpr int MOST_COPIES = 32;
    Key key;
    const Kernels *kernels = nullptr;
    Buffer<u8> entries;
    HeldPoints points[Parts::POINT_SECTIONS];
    void *tables = nullptr;
    u64 bytes = 0;

    ~HeldKey() {
        if (tables) transforming(*kernels, key.power).destroy_tables(tables);
    }
    // `most_bytes`: what may be taken with multiples of points; without them the key takes what it needs.
    void take(u64 most_bytes, Control *control, Outcome &outcome) {
        Parts file(key);
        const u64 size = COEFFICIENT_BYTES * key.coefficients;
        const auto words = [](bool g2) { return g2 ? G2_BYTES / 8 : G1_BYTES / 8; };
        for (int most = MOST_COPIES; most; most--) {
            // A factor for every value and pass but the last, and a shift for every value.
            bytes = size + (u64)key.domain * NUMBER_BYTES * 2;
            control->total = 0;
            file.each_points(key, [&](int number, const Source &, u64 count, bool g2) {
                CopiesPlan &plan = points[number].plan;
                plan = CopiesPlan::best(count, number == 0 ? 1 : most);
                bytes += count * words(g2) * 8 * plan.copies;
                control->total += count;
            });
            if (bytes <= most_bytes) break;
        }
        if (!entries.reserve(size + 1)) return outcome.fail(NO_MEMORY);
        const u8 *found = file.entries.fetch(0, size, entries.data(), outcome);
        if (!found) return;
        if (found != entries.data()) memcpy(entries.data(), found, size);
        file.each_points(key, [&](int number, const Source &from, u64 count, bool g2) {
            if (outcome.failed() || is_cancelled(control)) return;
            HeldPoints &to = points[number];
            if (!to.points.reserve(count * to.plan.copies * words(g2) + 1)) return outcome.fail(NO_MEMORY);
            convert(*kernels, g2, from, count, to.plan, to.points.data(), control, outcome);
        });
        if (outcome.failed() || is_cancelled(control)) return;
        tables = transforming(*kernels, key.power).make_tables(key.power, control->threads, true);
        if (!tables) outcome.fail(NO_MEMORY);
    }
    Parts parts() const {
        Parts held(key);
        held.each_points(key, [&](int number, Source &section, u64, bool) { section = points[number].source(section); });
        held.entries.memory = entries.data();
        held.tables = tables;
        return held;
    }
};

void put_plain(u64 *&out, const Fp &value) {
    const Fp plain = Fp::to_plain(value);
    memcpy(out, &plain, sizeof plain);
    out += 4;
}

// A plain coordinate to Montgomery form; false if it is not below p.
bool take_plain(const u64 *&from, Fp &value) {
    const Fp plain = Fp::load(from);
    from += 4;
    const bool fine = plain.is_canonical();
    value = fine ? Fp::from_plain(plain) : Fp::zero();
    return fine;
}
bool take_plain(const u64 *&from, Fp2 &value) {
    const bool re = take_plain(from, value.re), im = take_plain(from, value.im);
    return re && im;
}
template <class F> bool take_plain(const u64 *&from, Affine<F> &point) {
    const bool x = take_plain(from, point.x), y = take_plain(from, point.y);
    return x && y;
}

}  // namespace

// Counts of a key and a witness, so that the caller can make room. The same in prove.py.
struct Sizes {
    uint64_t wires, outputs, domain, coefficients, values;
};

// Whether this processor runs vector class 0 (scalar), 1 (AVX2) or 2 (AVX-512 IFMA).
EXPORT int32_t proofmill_can_run(int32_t vector) { return vector >= 0 && vector < CLASSES && can_run(vector); }

// One heap for all threads from now on, for a process that makes one proof: a heap a thread keeps 1 to 2 MB
// of what earlier sums took.
EXPORT void proofmill_share_heap() {
#ifdef M_ARENA_MAX
    mallopt(M_ARENA_MAX, 1);
#endif
}

// How far structures agree with the caller's.
EXPORT uint64_t proofmill_layout() {
    return sizeof(Control) | sizeof(Fault) << 8 | sizeof(File) << 16 | sizeof(Sizes) << 24;
}

// Points as this vector class takes them, for sums with `converted` = `most`; with most > 1 up to as many
// multiples of each beside it. `out` has room for `most` times as many points.
EXPORT int32_t proofmill_convert(int32_t vector, int32_t group, const uint8_t *points, uint64_t count, int32_t most,
                                 Control *control, uint64_t *out, Fault *fault) {
    Outcome outcome;
    Source source;
    source.memory = points;
    control->total = count;
    convert(kernels_of(vector), group, source, count, CopiesPlan::best(count, most), out, control, outcome);
    return answer(outcome, control, fault);
}

// sum(scalars[i] * points[i]) as an affine point; group 0 is G1, 1 is G2. `converted`: 0, or the points are
// those of proofmill_convert for the same vector class, count and `most`.
EXPORT int32_t proofmill_sum(int32_t vector, int32_t group, const uint8_t *points, int32_t converted,
                             const uint64_t *scalars, uint64_t count, Control *control, uint64_t *result, Fault *fault) {
    Outcome outcome;
    Source source;
    source.memory = points;
    source.converted = converted;
    source.plan = CopiesPlan::best(count, converted);
    control->total = count;
    const Kernels &kernels = kernels_of(vector);
    (group ? kernels.sum_g2 : kernels.sum_g1)(source, scalars, count, control, count, result, outcome);
    return answer(outcome, control, fault);
}

// out[i] = scalars[i] * point.
EXPORT int32_t proofmill_multiples(int32_t vector, int32_t group, const uint64_t *point, const uint64_t *scalars,
                                   uint64_t count, Control *control, uint64_t *out, Fault *fault) {
    Outcome outcome;
    control->total = count;
    const Kernels &kernels = kernels_of(vector);
    (group ? kernels.multiples_g2 : kernels.multiples_g1)(point, scalars, count, out, control, outcome);
    return answer(outcome, control, fault);
}

// out[i] = the sum of row i's terms, at any byte; see TermSource.
EXPORT int32_t proofmill_combinations(int32_t vector, int32_t group, const uint8_t *points, uint64_t point_count,
                                      const uint32_t *places, const uint64_t *scalars, const uint64_t *starts,
                                      uint64_t rows, Control *control, uint8_t *out, Fault *fault) {
    Outcome outcome;
    control->total = starts[rows] - starts[0];
    const Kernels &kernels = kernels_of(vector);
    (group ? kernels.combinations_g2 : kernels.combinations_g1)({points, point_count, places, scalars, starts}, rows, out,
                                                               control, outcome);
    return answer(outcome, control, fault);
}

// The index of the first of `count` points (affine times 2^256, at any byte) that is not on its curve, or
// -1. Infinity is on the curve; whether a point of G2 has an order that divides r is not asked.
EXPORT int64_t proofmill_first_off_curve(int32_t group, const uint8_t *points, uint64_t count, int32_t threads) {
    u64 first = count;
    in_shares(threads, count, 4096, [&, points](size_t from, size_t to) {
        for (size_t i = from; i < to; i++) {
            const bool on = group ? on_curve(Affine<Fp2>::load(points + i * G2_BYTES))
                                  : on_curve(Affine<Fp>::load(points + i * G1_BYTES));
            if (on) continue;
            u64 least_so_far = __atomic_load_n(&first, __ATOMIC_RELAXED);
            while (i < least_so_far && !__atomic_compare_exchange_n(&first, &least_so_far, i, false, __ATOMIC_RELAXED,
                                                                    __ATOMIC_RELAXED)) {}
            return;
        }
    });
    return first == count ? -1 : (int64_t)first;
}

// Points (affine times 2^256, at any byte) as they are hashed in a ceremony: coordinates as plain numbers,
// big-endian, in G2 the imaginary part first.
EXPORT void proofmill_uncompressed(int32_t group, const uint8_t *points, uint64_t count, int32_t threads,
                                   uint8_t *out) {
    const u64 numbers = count * (group ? 4 : 2);
    in_shares(threads, numbers, 4096, [=](size_t from, size_t to) {
        for (size_t i = from; i < to; i++) {
            const Fp plain = Fp::to_plain(Fp::load(points + i * NUMBER_BYTES));
            u8 *place = out + (group ? i ^ 1 : i) * NUMBER_BYTES;
            for (int word = 0; word < 4; word++) {
                const u64 reversed = __builtin_bswap64(plain.v[3 - word]);
                memcpy(place + 8 * word, &reversed, 8);
            }
        }
    });
}

// out[copies * i + k] = 2^(stride k) * points[i].
EXPORT int32_t proofmill_copies(int32_t vector, int32_t group, const uint64_t *points, uint64_t count, int32_t stride,
                                int32_t copies, Control *control, uint64_t *out, Fault *fault) {
    Outcome outcome;
    control->total = count;
    const Kernels &kernels = kernels_of(vector);
    (group ? kernels.copies_g2 : kernels.copies_g1)(points, count, stride, copies, out, control, outcome);
    return answer(outcome, control, fault);
}

// The quotient's scalars into `a`; a and b are 2^power values times 2^256, b is overwritten.
EXPORT int32_t proofmill_quotient(int32_t vector, uint64_t *a, uint64_t *b, int32_t power, Control *control,
                                  Fault *fault) {
    Outcome outcome;
    Buffer<u64> c;
    const Kernels &kernels = transforming(kernels_of(vector), power);
    if (!c.reserve((size_t)4 << power)) outcome.fail(NO_MEMORY);
    else kernels.quotient(a, b, c.data(), power, nullptr, control, 0, outcome);
    return answer(outcome, control, fault);
}

// Tables for transforms of 2^power values, 0 <= power <= 28; null where memory is short.
EXPORT void *proofmill_tables(int32_t vector, int32_t power, int32_t threads) {
    return transforming(kernels_of(vector), power).make_tables(power, threads, false);
}
EXPORT void proofmill_let_go_tables(int32_t vector, int32_t power, void *tables) {
    transforming(kernels_of(vector), power).destroy_tables(tables);
}

// In place, numbers times 2^256: the coefficients of a polynomial to its values at shift w^i, w of order 2^power, or,
// `inverse`, back. `tables`: those of vector class and power. `shift`: 4 words, times 2^256.
EXPORT int32_t proofmill_transform(int32_t vector, uint64_t *values, int32_t power, const void *tables, int32_t inverse,
                                   const uint64_t *shift, int32_t threads, Fault *fault) {
    Outcome outcome;
    transforming(kernels_of(vector), power).transform(values, tables, inverse, shift, threads, outcome);
    return answer(outcome, nullptr, fault);
}

// The value of a polynomial; numbers are times 2^256.
EXPORT void proofmill_value_at(const uint64_t *coefficients, uint64_t count, const uint64_t *at, uint64_t *value) {
    const Fr found = value_at(coefficients, count, Fr::load(at));
    memcpy(value, &found, sizeof found);
}

// In place: a polynomial divided by X - root, the rest at place 0; numbers are times 2^256.
EXPORT void proofmill_divide(uint64_t *coefficients, uint64_t count, const uint64_t *root) {
    divide(coefficients, count, Fr::load(root));
}

// For tests: see Kernels::arithmetic; operation 7 is the scalar inverse.
EXPORT void proofmill_arithmetic(int32_t vector, int32_t field, int32_t operation, const uint64_t *a,
                                 const uint64_t *b, uint64_t *out, uint64_t count) {
    if (operation != 7) return kernels_of(vector).arithmetic(field, operation, a, b, out, count);
    for (u64 i = 0; i < count; i++) {
        u64 inverse[4];
        if (field) {
            const Fr value = Fr::inverse(Fr::load(a + 4 * i));
            memcpy(inverse, &value, 32);
        } else {
            const Fp value = Fp::inverse(Fp::load(a + 4 * i));
            memcpy(inverse, &value, 32);
        }
        memcpy(out + 4 * i, inverse, 32);
    }
}

// Whether the product of the pairings of up to 8 pairs is 1; points times 2^256, in their groups.
EXPORT int32_t proofmill_pairing(const uint64_t *g1, const uint64_t *g2, int32_t count) {
    Affine<Fp> left[8];
    Affine<Fp2> right[8];
    for (int i = 0; i < count && i < 8; i++) {
        left[i] = Affine<Fp>::load(g1 + 8 * i);
        right[i] = Affine<Fp2>::load(g2 + 16 * i);
    }
    return Pairing().product_is_one(left, right, least(count, 8));
}

// Whether a point is on its curve and has an order that divides r, or is infinity; plain coordinates,
// 8 words in G1, 16 in G2.
EXPORT int32_t proofmill_in_group(int32_t group, const uint64_t *coordinates) {
    Affine<Fp> left;
    Affine<Fp2> right;
    return group ? take_plain(coordinates, right) && in_group(right) : take_plain(coordinates, left) && on_curve(left);
}

// The sizes in the headers of both files; the witness may be left out (size 0).
EXPORT int32_t proofmill_inspect(const File *key_file, const File *witness_file, Sizes *sizes, Fault *fault) {
    Outcome outcome;
    Key key;
    WitnessFile witness;
    memset(sizes, 0, sizeof *sizes);
    if (key.open(*key_file, outcome)) *sizes = {key.wires, key.outputs, key.domain, key.coefficients, 0};
    if (!outcome.failed() && witness_file && witness.open(*witness_file, outcome)) {
        sizes->values = witness.count;
        if (witness.count != key.wires)
            witness.container.fail(WRONG_WITNESS, 1, witness.container.sections[1].offset + 36, 0, witness.count, key.wires);
    }
    return answer(outcome, nullptr, fault);
}

namespace {

struct Output {
    uint64_t *proof, *signals, room_for_signals;
};

// The proof for a witness, verified before it is written to `output`.
int32_t prove(const Key &key, const Parts &parts, const Kernels &kernels, const File &witness_file,
              const uint64_t *blinding, Control *control, const Output &output, Outcome &outcome, Fault *fault) {
    WitnessFile witness;
    Buffer<u64> values;
    Sums sums;
    if (!witness.open(witness_file, outcome)) return answer(outcome, nullptr, fault);
    if (witness.count != key.wires || key.outputs > output.room_for_signals) {
        witness.container.fail(WRONG_WITNESS, 1, witness.container.sections[1].offset + 36, 0, witness.count, key.wires);
        return answer(outcome, nullptr, fault);
    }
    if (!values.reserve(4 * (size_t)key.wires)) outcome.fail(NO_MEMORY);
    else if (witness.read(values.data())) compute(key, parts, values.data(), kernels, control, sums, outcome);
    Affine<Fp> public_part;
    if (!outcome.failed() && !is_cancelled(control))
        public_sum(parts.public_points, values.data(), key.outputs + 1, kernels, public_part, outcome);
    if (outcome.failed() || is_cancelled(control)) return answer(outcome, control, fault);
    const ProofPoints points = assemble(key, sums, blinding, blinding + 4);
    const VerifyingKey verifying = {Affine<Fp>::load(key.alpha_g1), Affine<Fp2>::load(key.beta_g2),
                                    Affine<Fp2>::load(key.gamma_g2), Affine<Fp2>::load(key.delta_g2)};
    if (!is_valid(verifying, public_part, points.a, points.b, points.c)) {
        outcome.fail(INVALID_PROOF);
        return answer(outcome, nullptr, fault);
    }
    memcpy(output.signals, values.data() + 4, 32 * (size_t)key.outputs);
    uint64_t *to = output.proof;
    for (const Fp *each : (const Fp *const[]){&points.a.x, &points.a.y, &points.b.x.re, &points.b.x.im, &points.b.y.re,
                                             &points.b.y.im, &points.c.x, &points.c.y})
        put_plain(to, *each);
    __atomic_store_n(&control->done, control->total, __ATOMIC_RELAXED);
    return answer(outcome, nullptr, fault);
}

}  // namespace

// Prove, and verify the proof. `blinding`: r and s, each below the prime r. `proof`: A, B, C as 16
// words, plain coordinates (B real parts first); `signals`: room for the public signals. The proof is
// written only where it is valid.
EXPORT int32_t proofmill_prove(int32_t vector, const File *key_file, const File *witness_file,
                               const uint64_t *blinding, Control *control, uint64_t *proof, uint64_t *signals,
                               uint64_t room_for_signals, Fault *fault) {
    Outcome outcome;
    Key key;
    if (!key.open(*key_file, outcome)) return answer(outcome, nullptr, fault);
    return prove(key, Parts(key), kernels_of(vector), *witness_file, blinding, control, {proof, signals, room_for_signals},
                 outcome, fault);
}

// A key to prove with many times, and how many bytes it takes; null with a fault. As many multiples of its
// points are kept beside them as fit in `most_bytes`: see copied_sums.h.
EXPORT HeldKey *proofmill_hold(int32_t vector, const File *key_file, uint64_t most_bytes, Control *control, uint64_t *bytes,
                               Fault *fault) {
    Outcome outcome;
    HeldKey *held = create<HeldKey>();
    if (!held) outcome.fail(NO_MEMORY);
    else if (held->key.open(*key_file, outcome)) {
        held->kernels = &kernels_of(vector);
        held->take(most_bytes, control, outcome);
        *bytes = held->bytes;
    }
    if (answer(outcome, control, fault)) {
        destroy(held);
        return nullptr;
    }
    return held;
}
EXPORT void proofmill_let_go(HeldKey *held) { destroy(held); }

// proofmill_prove with a key that is held; several threads may at once.
EXPORT int32_t proofmill_prove_held(const HeldKey *held, const File *witness_file, const uint64_t *blinding,
                                    Control *control, uint64_t *proof, uint64_t *signals, uint64_t room_for_signals,
                                    Fault *fault) {
    Outcome outcome;
    return prove(held->key, held->parts(), *held->kernels, *witness_file, blinding, control,
                 {proof, signals, room_for_signals}, outcome, fault);
}

// Verify: 1 valid, 0 not. All numbers are plain. `key`: alpha (8 words), beta, gamma, delta (16 each),
// then count + 1 public points; `signals`: count numbers below r; `proof` as from proofmill_prove.
EXPORT int32_t proofmill_verify(int32_t vector, const uint64_t *key, const uint64_t *signals, uint64_t count,
                                const uint64_t *proof, Fault *fault) {
    Outcome outcome;
    VerifyingKey verifying;
    ProofPoints points;
    bool fine = take_plain(key, verifying.alpha) & take_plain(key, verifying.beta) &
                take_plain(key, verifying.gamma) & take_plain(key, verifying.delta);
    fine = fine & take_plain(proof, points.a) & take_plain(proof, points.b) & take_plain(proof, points.c);
    Buffer<u64> public_points, values;
    if (!public_points.reserve(8 * (count + 1)) || !values.reserve(4 * (count + 1))) outcome.fail(NO_MEMORY);
    for (u64 i = 0; !outcome.failed() && i <= count; i++) {
        Affine<Fp> point;
        fine = fine & take_plain(key, point) && on_curve(point);
        memcpy(&public_points[8 * i], &point, sizeof point);
        if (i) memcpy(&values[4 * i], signals + 4 * (i - 1), 32);
        else memcpy(&values[0], (const u64[4]){1, 0, 0, 0}, 32);
        fine = fine && is_below(&values[4 * i], ScalarModulus::P);
    }
    Affine<Fp> public_part;
    Source source;
    source.memory = (const u8 *)public_points.data();
    if (!outcome.failed()) public_sum(source, values.data(), count + 1, kernels_of(vector), public_part, outcome);
    const bool valid = !outcome.failed() && fine && is_valid(verifying, public_part, points.a, points.b, points.c);
    answer(outcome, nullptr, fault);
    return valid;
}
