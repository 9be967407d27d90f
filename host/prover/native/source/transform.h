// Number-theoretic transforms over the scalar field, without a permutation, and the quotient of Groth16.
#pragma once
#include "control.h"
#include "field.h"
#include "polynomials.h"

namespace {

constexpr int TWO_ADICITY = 28;
constexpr size_t LEAST_SHARE = 2048;  // values a thread is started for

// A polynomial's values at the n-th roots of unity w^i to its values at g w^-i, g outside of the domain.
//
// Down (decimation in frequency), natural order to bit-reversed, with w; each place times g^j / n, j the
// coefficient it holds; up (decimation in time), bit-reversed to natural, with w again. With the same root
// both ways the place of coefficient j is the reverse of -j, which the table of shifts absorbs, and value
// i is at g w^-i, which the writing of the results absorbs: one set of tables, and nothing is moved.
// (W. M. Gentleman, G. Sande, "Fast Fourier Transforms: for fun and profit", AFIPS 1966.)
//
// Passes of up to 6 levels on tiles of 64 vectors, which fit the first cache; between passes one product
// by a table. The last pass down, the shift and the first pass up are one pass over memory.
// Values are times 2^256, tables times 2^RADIX_BITS; between passes values stay below 2^256.
template <class V> class Transform {
    static constexpr int LANES = V::LANES;
    static constexpr int LOG_LANES = LANES == 8 ? 3 : LANES == 4 ? 2 : 0;
    static constexpr int MOST_LEVELS = 6, MOST_PASSES = 6;

  public:
    // A pass takes LANES neighbours, or LANES blocks, at once.
    static constexpr int LEAST_POWER = 2 * LOG_LANES > 1 ? 2 * LOG_LANES : 1;

    // Tables for domains of 2^power, LEAST_POWER <= power <= 28, `with_shifts` those of `shifted` too; false where
    // memory is short.
    bool prepare(int power, int threads, bool with_shifts) {
        power_ = power;
        size_ = (size_t)1 << power;
        threads_ = threads;
        int left = power, last = least(MOST_LEVELS, power - LOG_LANES);
        left -= last;
        const int first_passes = (left + MOST_LEVELS - 1) / MOST_LEVELS;
        passes_ = first_passes + 1;
        for (int p = 0; p < first_passes; p++) {
            levels_[p] = (left + first_passes - p - 1) / (first_passes - p);
            left -= levels_[p];
        }
        levels_[first_passes] = last;
        int remaining = power;
        for (int p = 0; p < passes_; p++) {
            if (!prepare_roots(p)) return false;
            if (p < first_passes && !prepare_twiddles(p, remaining)) return false;
            remaining -= levels_[p];
        }
        return !with_shifts || prepare_shifts();
    }

    // In place: the coefficients of a polynomial to its values at g w^i, or, `inverse`, back. What comes out is
    // canonical.
    void plain(u64 *values, bool inverse, const Fr &g, int threads, Outcome &outcome) const {
        u64 *const vectors[] = {values};
        const bool shifts = !(g == Fr::one());
        if (shifts && !inverse) times_powers(values, g, threads);
        for (int p = 0; p < passes_ - 1; p++) pass(vectors, 1, threads, p, false, nullptr, outcome);
        last(values, inverse ? Fr::inverse(Fr::from_plain({{(u64)size_, 0, 0, 0}})) : Fr::one(), threads, outcome);
        if (outcome.failed()) return;
        reverse_bits(values, power_, threads);
        if (!inverse) return;
        reverse_order(values, size_, threads);
        if (shifts) times_powers(values, Fr::inverse(g), threads);
    }

    // Every one of `vectors` at once, so that threads meet once a pass and not once a pass and vector;
    // counts `work` units of progress.
    bool shifted(u64 *const *vectors, int count, int threads, Control *control, u64 work, Outcome &outcome) const {
        const int all = 2 * passes_ - 1;
        for (int p = 0; p < all; p++) {
            if (p == passes_ - 1) middle(vectors, count, threads, control, outcome);
            else pass(vectors, count, threads, p < passes_ ? p : all - 1 - p, p >= passes_, control, outcome);
            advance(control, work * (p + 1) / all - work * p / all);
        }
        return !outcome.failed();
    }

    static INLINE V load_row(const u64 *words, u64 parts) {
        const u64 *from[LANES];
        UNROLL for (int l = 0; l < LANES; l++) from[l] = words + 4 * l;
        return V::load(from, 0, parts);
    }
    static INLINE void store_row(const V &value, u64 *words) {
        u64 *to[LANES];
        UNROLL for (int l = 0; l < LANES; l++) to[l] = words + 4 * l;
        value.store(to, 0);
    }
    // 5^((r - 1) / 2^power), as proofmill.host.prover.curve.scalars.root_of_unity.
    static Fr root_of_unity(int power) {
        u64 exponent[4] = {ScalarModulus::P[0] - 1, ScalarModulus::P[1], ScalarModulus::P[2], ScalarModulus::P[3]};
        for (int i = 0; i < 4; i++)
            exponent[i] = exponent[i] >> TWO_ADICITY | (i < 3 ? exponent[i + 1] << (64 - TWO_ADICITY) : 0);
        Fr root = Fr::power(Fr::from_plain({{5, 0, 0, 0}}), exponent, 4);
        for (int i = TWO_ADICITY; i > power; i--) root = Fr::sqr(root);
        return root;
    }
    // The shift g: a root of twice the order; snarkjs takes 25 where there is none.
    static Fr shift_of(int power) {
        return power < TWO_ADICITY ? root_of_unity(power + 1) : Fr::from_plain({{25, 0, 0, 0}});
    }

  private:
    static Fr in_radix(const Fr &a) { return Fr::mul(a, Fr::of(PowerOfTwo<ScalarModulus, V::RADIX_BITS>::value)); }
    static V everywhere(const Fr &a) {
        const Fr scaled = in_radix(a);
        return V::broadcast({{scaled.v[0], scaled.v[1], scaled.v[2], scaled.v[3]}});
    }
    static u64 reversed(u64 x, int bits) {
        u64 r = 0;
        for (int i = 0; i < bits; i++) r |= (x >> i & 1) << (bits - 1 - i);
        return r;
    }
    // base^0 .. base^(count - 1) in the vector's radix; count is a multiple of LANES.
    static void powers(u64 *out, size_t count, const Fr &base) {
        u64 start[4 * LANES];
        Fr x = in_radix(Fr::one());
        for (int l = 0; l < LANES; l++) {
            memcpy(start + 4 * l, x.v, 32);
            x = Fr::mul(x, base);
        }
        V value = load_row(start, PARTS_OF_ONE);
        const V step = everywhere(Fr::power(base, LANES));
        for (size_t i = 0; i < count; i += LANES) {
            value = V::canonical(value);
            store_row(value, out + 4 * i);
            value = V::mul(value, step);
        }
    }

    bool prepare_roots(int p) {
        const int count = levels_[p] > 0 ? 1 << (levels_[p] - 1) : 0;
        if (!roots_[p].reserve(count + 1)) return false;
        const Fr root = root_of_unity(levels_[p]);
        Fr x = Fr::one();
        for (int i = 0; i < count; i++) {
            roots_[p][i] = everywhere(x);
            x = Fr::mul(x, root);
        }
        return true;
    }
    // Row k of pass p is multiplied by w^(reverse(k) * column), w of the order that remains.
    bool prepare_twiddles(int p, int remaining) {
        const int levels = levels_[p];
        const size_t columns = (size_t)1 << (remaining - levels);
        if (!twiddles_[p].reserve(4 * ((size_t)1 << remaining))) return false;
        const Fr root = root_of_unity(remaining);
        u64 *table = twiddles_[p].data();
        in_shares(threads_, (size_t)1 << levels, LEAST_SHARE / columns, [=](size_t from, size_t to) {
            for (size_t row = from; row < to; row++)
                powers(table + 4 * row * columns, columns, Fr::power(root, reversed(row, levels)));
        });
        return true;
    }
    // Place q holds coefficient j = -reverse(q): g^j / n. Low bits of the place are high bits of its
    // reverse, so the table is a product of two short ones.
    bool prepare_shifts() {
        const int low = least(MOST_LEVELS, power_), high = power_ - low;
        if (!shifts_.reserve(4 * size_)) return false;
        Buffer<Fr> by_high, sequence;
        if (!by_high.reserve((size_t)1 << high) || !sequence.reserve((size_t)1 << high)) return false;
        const Fr g = shift_of(power_), backwards = Fr::inverse(g);
        const Fr count = Fr::from_plain({{(u64)size_, 0, 0, 0}});
        const Fr by_count = in_radix(Fr::inverse(count));
        Fr by_low[1 << MOST_LEVELS], x = Fr::one();
        for (size_t i = 0; i >> high == 0; i++) {
            sequence[i] = x;
            x = Fr::mul(x, backwards);
        }
        for (size_t i = 0; i >> high == 0; i++) by_high[i] = sequence[reversed(i, high)];
        const Fr scale = Fr::mul(by_count, Fr::power(g, (u64)size_));  // g^(n - e), e > 0
        for (u64 i = 0; i >> low == 0; i++)
            by_low[i] = Fr::mul(scale, Fr::power(backwards, reversed(i, low) << high));
        u64 *table = shifts_.data();
        in_shares(threads_, (size_t)1 << high, LEAST_SHARE >> low, [&](size_t from, size_t to) {
            for (size_t i = from; i < to; i++)
                for (u64 k = 0; k >> low == 0; k++) {
                    const Fr value = Fr::mul(by_high[i], by_low[k]);
                    memcpy(table + 4 * ((i << low) + k), value.v, 32);
                }
        });
        memcpy(table, by_count.v, 32);
        return true;
    }

    // 2^levels vectors, natural to bit-reversed. What comes in is below 5.3 p.
    static void down(V *t, int levels, const V *roots) {
        for (int length = 1 << levels, step = 1; length > 1; length /= 2, step *= 2)
            for (int block = 0; block < 1 << levels; block += length)
                for (int j = 0; j < length / 2; j++) {
                    V &a = t[block + j], &b = t[block + j + length / 2];
                    const V difference = V::sub(a, b);
                    a = V::reduce(V::add(a, b));
                    b = j ? V::mul(roots[j * step], difference) : V::reduce(difference);
                }
    }
    // Bit-reversed to natural.
    static void up(V *t, int levels, const V *roots) {
        for (int length = 2, step = 1 << levels >> 1; length <= 1 << levels; length *= 2, step /= 2)
            for (int block = 0; block < 1 << levels; block += length)
                for (int j = 0; j < length / 2; j++) {
                    V &a = t[block + j], &b = t[block + j + length / 2];
                    const V turned = j ? V::mul(roots[j * step], b) : b;
                    b = V::reduce(V::sub(a, turned));
                    a = V::reduce(V::add(a, turned));
                }
    }

    void pass(u64 *const *vectors, int count, int threads, int p, bool upwards, const Control *control,
              Outcome &outcome) const {
        int remaining = power_;
        for (int i = 0; i < p; i++) remaining -= levels_[i];
        const int levels = levels_[p], rows = 1 << levels;
        const size_t block = (size_t)1 << remaining, columns = block >> levels, across = columns / LANES;
        const u64 *table = twiddles_[p].data();
        const V *roots = roots_[p].data();
        const size_t units = size_ / block * across;
        in_shares(threads, count * units, LEAST_SHARE / (rows * LANES), [&, table, roots](size_t from, size_t to) {
            Buffer<V> tile;
            if (!tile.reserve(rows)) return outcome.fail(NO_MEMORY);
            V *t = tile.data();
            for (size_t number = from; number < to && !is_cancelled(control); number++) {
                const size_t unit = number % units, column = unit % across * LANES;
                u64 *base = vectors[number / units] + 4 * (unit / across * block + column);
                const u64 *twiddle = table + 4 * column;
                const size_t row = 4 * columns;
                if (!upwards) {
                    for (int i = 0; i < rows; i++) t[i] = load_row(base + row * i, PARTS_OF_WORDS);
                    down(t, levels, roots);
                    store_row(t[0], base);
                    for (int i = 1; i < rows; i++)
                        store_row(V::mul(t[i], load_row(twiddle + row * i, PARTS_OF_ONE)), base + row * i);
                } else {
                    t[0] = load_row(base, PARTS_OF_WORDS);
                    for (int i = 1; i < rows; i++)
                        t[i] = V::mul(load_row(base + row * i, PARTS_OF_WORDS), load_row(twiddle + row * i, PARTS_OF_ONE));
                    up(t, levels, roots);
                    for (int i = 0; i < rows; i++) store_row(t[i], base + row * i);
                }
            }
        });
    }
    // The last pass down, the shift, the first pass up: lanes are different blocks.
    void middle(u64 *const *vectors, int count, int threads, const Control *control, Outcome &outcome) const {
        const int levels = levels_[passes_ - 1], rows = 1 << levels;
        const V *roots = roots_[passes_ - 1].data();
        const u64 *shifts = shifts_.data();
        const size_t units = size_ / rows / LANES;
        in_shares(threads, count * units, LEAST_SHARE / (rows * LANES), [&, roots, shifts](size_t from, size_t to) {
            Buffer<V> tile;
            if (!tile.reserve(rows)) return outcome.fail(NO_MEMORY);
            V *t = tile.data();
            for (size_t number = from; number < to && !is_cancelled(control); number++) {
                const size_t unit = number % units;
                u64 *values = vectors[number / units];
                u64 *block[LANES];
                const u64 *shift[LANES];
                for (int l = 0; l < LANES; l++) {
                    const size_t place = 4 * (unit * LANES + l) * rows;
                    block[l] = values + place;
                    shift[l] = shifts + place;
                }
                for (int i = 0; i < rows; i++) t[i] = V::load(block, 4 * i, PARTS_OF_WORDS);
                down(t, levels, roots);
                for (int i = 0; i < rows; i++) t[i] = V::mul(t[i], V::load(shift, 4 * i, PARTS_OF_ONE));
                up(t, levels, roots);
                for (int i = 0; i < rows; i++) t[i].store(block, 4 * i);
            }
        });
    }

    // values[i] times base^i.
    void times_powers(u64 *values, const Fr &base, int threads) const {
        in_shares(threads, size_ / LANES, LEAST_SHARE / LANES, [=](size_t from, size_t to) {
            u64 start[4 * LANES];
            Fr x = in_radix(Fr::power(base, (u64)(LANES * from)));
            for (int l = 0; l < LANES; l++) {
                memcpy(start + 4 * l, x.v, 32);
                x = Fr::mul(x, base);
            }
            V factor = load_row(start, PARTS_OF_ONE);
            const V step = everywhere(Fr::power(base, (u64)LANES));
            for (u64 *row = values + 4 * LANES * from; row < values + 4 * LANES * to; row += 4 * LANES) {
                store_row(V::canonical(V::mul(load_row(row, PARTS_OF_WORDS), factor)), row);
                factor = V::canonical(V::mul(factor, step));
            }
        });
    }

    // The last pass of `plain`: lanes are different blocks.
    void last(u64 *values, const Fr &scale, int threads, Outcome &outcome) const {
        const int levels = levels_[passes_ - 1], rows = 1 << levels;
        const V *roots = roots_[passes_ - 1].data();
        const V factor = everywhere(scale);
        in_shares(threads, size_ / rows / LANES, LEAST_SHARE / (rows * LANES), [&, roots](size_t from, size_t to) {
            Buffer<V> tile;
            if (!tile.reserve(rows)) return outcome.fail(NO_MEMORY);
            V *t = tile.data();
            for (size_t unit = from; unit < to; unit++) {
                u64 *block[LANES];
                for (int l = 0; l < LANES; l++) block[l] = values + 4 * (unit * LANES + l) * rows;
                for (int i = 0; i < rows; i++) t[i] = V::load(block, 4 * i, PARTS_OF_WORDS);
                down(t, levels, roots);
                for (int i = 0; i < rows; i++) V::canonical(V::mul(t[i], factor)).store(block, 4 * i);
            }
        });
    }

    static constexpr u64 PARTS_OF_ONE = 1024, PARTS_OF_WORDS = 5418;  // below p, below 2^256

    int power_, threads_, passes_, levels_[MOST_PASSES];
    size_t size_;
    Buffer<u64> twiddles_[MOST_PASSES], shifts_;
    Buffer<V> roots_[MOST_PASSES];
};

template <class V> void *make_tables(int power, int threads, bool with_shifts) {
    Transform<V> *transform = create<Transform<V>>();
    if (transform && transform->prepare(power, threads, with_shifts)) return transform;
    destroy(transform);
    return nullptr;
}
template <class V> void destroy_tables(void *tables) { destroy((Transform<V> *)tables); }
template <class V>
void transform(u64 *values, const void *tables, bool inverse, const u64 *shift, int threads, Outcome &outcome) {
    ((const Transform<V> *)tables)->plain(values, inverse, Fr::load(shift), threads, outcome);
}

// The scalars of the points H: a b - c at the roots of twice the order that are not in the domain, plain
// and canonical, into `a`. There the vanishing polynomial is constant, and the key's points hold the
// division by it (snarkjs 0.7, groth16_prove.js).
//
// `a`, `b`: A w and B w, `size` numbers each times 2^256, b is overwritten; `c`: room for as many;
// `tables`: of make_tables, or null.
template <class V>
void quotient(u64 *a, u64 *b, u64 *c, int power, const void *tables, Control *control, u64 work, Outcome &outcome) {
    typedef Transform<V> T;
    constexpr int LANES = V::LANES, RADIX = V::RADIX_BITS;
    const size_t size = (size_t)1 << power;
    const int threads = control ? control->threads : 1;
    T *const made = tables ? nullptr : (T *)make_tables<V>(power, threads, true);
    const T *const transform = tables ? (const T *)tables : made;
    if (!transform) return outcome.fail(NO_MEMORY);
    const V again = V::broadcast(PowerOfTwo<ScalarModulus, 2 * RADIX - 256>::value);
    in_shares(threads, size / LANES, LEAST_SHARE / LANES, [=](size_t from, size_t to) {
        for (size_t i = 4 * LANES * from; i < 4 * LANES * to; i += 4 * LANES) {
            const V product = V::mul(T::load_row(a + i, 1024), T::load_row(b + i, 1024));
            T::store_row(V::mul(product, again), c + i);
        }
    });
    advance(control, work / 10);
    u64 *const vectors[] = {a, b, c};
    transform->shifted(vectors, 3, threads, control, work * 9 / 10, outcome);
    destroy(made);
    if (outcome.failed() || is_cancelled(control)) return;
    // Products divide by 2^RADIX once more than once: out of the form by one more factor each.
    const V of_product = V::broadcast(PowerOfTwo<ScalarModulus, 2 * RADIX - 512>::value);
    const V of_single = V::broadcast(PowerOfTwo<ScalarModulus, RADIX - 256>::value);
    in_shares(threads, size / LANES, LEAST_SHARE / LANES, [=](size_t from, size_t to) {
        for (size_t i = 4 * LANES * from; i < 4 * LANES * to; i += 4 * LANES) {
            const V product = V::mul(V::mul(T::load_row(a + i, 5418), T::load_row(b + i, 5418)), of_product);
            const V single = V::mul(T::load_row(c + i, 5418), of_single);
            T::store_row(V::canonical(V::sub(product, single)), a + i);
        }
    });
    // Value i is at g w^-i: places i and -i change.
    reverse_order(a, size, threads);
}

}  // namespace
