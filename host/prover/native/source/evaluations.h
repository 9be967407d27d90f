// Polynomials over the scalar field, by their values or their coefficients; numbers are plain, 4 words each.
#pragma once
#include "control.h"
#include "field.h"

namespace {

// `count` transforms of 2^power numbers each, in place: value i becomes scale * sum(value j * root^(i j)).
// Butterflies of radix 2 (J. Cooley, J. Tukey, 1965), after the numbers are put in bit-reversed order.
inline void transform(u64 *values, size_t count, int power, const Fr &root, const Fr &scale, int threads, Outcome &outcome) {
    const size_t size = (size_t)1 << power;
    Buffer<Fr> roots;
    if (!roots.reserve(size / 2 + 1)) return outcome.fail(NO_MEMORY);
    roots[0] = Fr::one();
    for (size_t i = 1; i < size / 2; i++) roots[i] = Fr::mul(roots[i - 1], root);
    in_shares(threads, count, 1, [&](size_t from, size_t to) {
        Buffer<Fr> room;
        if (!room.reserve(size)) return outcome.fail(NO_MEMORY);
        Fr *const x = room.data();
        for (size_t which = from; which < to; which++) {
            u64 *const base = values + 4 * size * which;
            // Times a number in Montgomery form a plain one stays plain: no conversion.
            for (size_t i = 0, other = 0; i < size; i++) {
                x[other] = Fr::mul(Fr::load(base + 4 * i), scale);
                size_t bit = size >> 1;
                for (; bit && other & bit; bit >>= 1) other ^= bit;
                other |= bit;
            }
            for (size_t half = 1; half < size; half *= 2)
                for (size_t block = 0; block < size; block += 2 * half)
                    for (size_t j = 0; j < half; j++) {
                        Fr &a = x[block + j], &b = x[block + half + j];
                        const Fr turned = j ? Fr::mul(b, roots[j * (size / 2 / half)]) : b;
                        b = Fr::sub(a, turned);
                        a = Fr::add(a, turned);
                    }
            memcpy(base, x, size * sizeof *x);
        }
    });
}

// f(z) and the values of (f - f(z)) / (X - z), from f's values at all roots of unity of an order, in any order.
//
// Elsewhere than at these roots w: f(z) = (1 - z^n) / n * sum(f(w) w / (w - z)), the barycentric formula
// (J.-P. Berrut, L. Trefethen, SIAM Review 46(3), 2004); the quotient is (f(w) - f(z)) / (w - z). At z = w itself
// its value is -sum(q(w') w') / z over the others (D. Feist, "PCS multiproofs using random evaluation", 2021).
inline void quotient_at(const u64 *values, const u64 *roots, size_t count, const u64 *at, u64 *value, u64 *quotient,
                        Outcome &outcome) {
    Buffer<Fr> differences, products;
    if (!differences.reserve(count) || !products.reserve(count)) return outcome.fail(NO_MEMORY);
    const Fr z = Fr::from_plain(Fr::load(at));
    Fr product = Fr::one();
    size_t meets = count;
    for (size_t i = 0; i < count; i++) {
        differences[i] = Fr::sub(Fr::from_plain(Fr::load(roots + 4 * i)), z);
        if (differences[i].is_zero()) {
            meets = i;
            differences[i] = Fr::one();
        }
        products[i] = product;
        product = Fr::mul(product, differences[i]);
    }
    product = Fr::inverse(product);
    Fr total = Fr::zero();  // plain, as values are
    for (size_t i = count; i-- > 0;) {
        const Fr inverse = Fr::mul(product, products[i]);
        product = Fr::mul(product, differences[i]);
        products[i] = inverse;
        const Fr root = Fr::from_plain(Fr::load(roots + 4 * i));
        total = Fr::add(total, Fr::mul(Fr::load(values + 4 * i), Fr::mul(root, inverse)));
    }
    Fr y;
    if (meets < count) {
        y = Fr::load(values + 4 * meets);
    } else {
        const Fr over = Fr::inverse(Fr::from_plain({{(u64)count}}));
        y = Fr::mul(total, Fr::mul(over, Fr::sub(Fr::one(), Fr::power(z, (u64)count))));
    }
    memcpy(value, &y, sizeof y);
    if (!quotient) return;
    total = Fr::zero();
    for (size_t i = 0; i < count; i++) {
        if (i == meets) continue;
        const Fr q = Fr::mul(Fr::sub(Fr::load(values + 4 * i), y), products[i]);
        memcpy(quotient + 4 * i, &q, sizeof q);
        if (meets < count) total = Fr::add(total, Fr::mul(q, Fr::from_plain(Fr::load(roots + 4 * i))));
    }
    if (meets == count) return;
    const Fr q = Fr::neg(Fr::mul(total, Fr::inverse(z)));
    memcpy(quotient + 4 * meets, &q, sizeof q);
}

}  // namespace
