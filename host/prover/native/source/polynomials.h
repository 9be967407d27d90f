// Polynomials over the scalar field by their coefficients, lowest first; numbers are times 2^256, 4 words each.
#pragma once
#include "control.h"
#include "field.h"

namespace {

// Of 2^power numbers value i goes to the place that i has with its bits reversed.
inline void reverse_bits(u64 *values, int power, int threads) {
    const size_t size = (size_t)1 << power;
    Fr *const x = (Fr *)values;
    in_shares(threads, size, 2048, [=](size_t from, size_t to) {
        size_t other = 0;
        for (int bit = 0; bit < power; bit++) other |= (from >> bit & 1) << (power - 1 - bit);
        for (size_t i = from; i < to; i++) {
            if (i < other) {  // of a pair, one thread alone has the lower place
                const Fr kept = x[i];
                x[i] = x[other];
                x[other] = kept;
            }
            size_t bit = size >> 1;
            for (; bit && other & bit; bit >>= 1) other ^= bit;
            other |= bit;
        }
    });
}

// Value i goes to place -i modulo `size`.
inline void reverse_order(u64 *values, size_t size, int threads) {
    Fr *const x = (Fr *)values;
    in_shares(threads, size / 2, 2048, [=](size_t from, size_t to) {
        for (size_t i = greatest(from, (size_t)1); i < to; i++) {
            const Fr kept = x[i];
            x[i] = x[size - i];
            x[size - i] = kept;
        }
    });
}

// f(at), by Horner's rule on eight polynomials in X^8, whose products do not wait for each other.
inline Fr value_at(const u64 *coefficients, size_t count, const Fr &at) {
    constexpr size_t PARTS = 8;
    const Fr step = Fr::power(at, PARTS);
    Fr parts[PARTS] = {};
    for (size_t block = (count + PARTS - 1) / PARTS; block-- > 0;)
        for (size_t k = 0; k < PARTS; k++) {
            parts[k] = Fr::mul(parts[k], step);
            const size_t place = block * PARTS + k;
            if (place < count) parts[k] = Fr::add(parts[k], Fr::load(coefficients + 4 * place));
        }
    Fr total = Fr::zero();
    for (size_t k = PARTS; k-- > 0;) total = Fr::add(Fr::mul(total, at), parts[k]);
    return total;
}

// f divided by X - root, in place: the rest f(root) at place 0, the quotient after it (Horner's rule).
inline void divide(u64 *coefficients, size_t count, const Fr &root) {
    Fr value = Fr::zero();
    for (size_t i = count; i-- > 0;) {
        value = Fr::add(Fr::mul(value, root), Fr::load(coefficients + 4 * i));
        memcpy(coefficients + 4 * i, &value, sizeof value);
    }
}

}  // namespace
