// Points of a key, checked and brought to the radix of a vector class.
#pragma once
#include "additions.h"

namespace {

// Copies points to memory in the radix of G's vector class, checked; without those that do not count,
// where the scalar is 0, and infinity, unless `scalars` is null: then all of them, in their places.
template <class G> class Conversion {
    typedef typename G::V V;
    static constexpr int POINT = G::POINT, NUMBER = Fp::WORDS, NUMBERS = POINT / NUMBER;
    typedef Lanes<BaseModulus> Base;

  public:
    static constexpr size_t PIECE = 1024;  // points at once

    bool prepare() { return room_.reserve(PIECE * POINT); }

    // Points from..to-1; those that count go to `out` one after the other, the index of each to
    // `indices`. Returns how many.
    size_t run(const Source &points, const u64 *scalars, size_t from, size_t to, u64 *out, u32 *indices,
               const Control *control, Outcome &outcome) {
        size_t kept = 0;
        for (size_t first = from; first < to && !is_cancelled(control); first += PIECE) {
            const size_t count = least(PIECE, to - first);
            const u8 *piece = points.fetch((u64)first * POINT * 8, count * POINT * 8, (u8 *)room_.data(), outcome);
            if (!piece || !check(points, (const u64 *)piece, first, count, outcome)) return kept;
            size_t used = 0;
            for (size_t i = 0; i < count; i++) {
                const u64 *point = (const u64 *)piece + i * POINT;
                if (scalars) {
                    if (is_zero_words(scalars + 4 * (first + i), 4) || is_zero(point)) continue;
                    indices[kept + used] = (u32)(first + i);
                }
                used_[used++] = point;
            }
            convert(used, out + kept * POINT);
            kept += used;
        }
        return kept;
    }

  private:
    static INLINE bool is_zero(const u64 *point) {
        u64 any = 0;
        UNROLL for (int i = 0; i < POINT; i++) any |= read_as<u64>(point + i);
        return any == 0;
    }
    static bool check(const Source &points, const u64 *piece, size_t first, size_t count, Outcome &outcome) {
        for (size_t i = 0; i < count * NUMBERS; i++) {
            if (__builtin_expect(read_as<u64>(piece + NUMBER * i + NUMBER - 1) < BaseModulus::P[NUMBER - 1], 1)) continue;
            if (Fp::load(piece + NUMBER * i).is_canonical()) continue;
            Fault fault = points.at((first * NUMBERS + i) * NUMBER * 8);
            fault.code = NOT_BELOW_PRIME;
            fault.index = first + i / NUMBERS;
            outcome.fail(fault);
            return false;
        }
        return true;
    }
    void convert(size_t count, u64 *out) {
        if (!G::SCALED) {
            for (size_t i = 0; i < count; i++) memcpy(out + i * POINT, used_[i], POINT * 8);
            return;
        }
        const Base factor = Base::broadcast(PowerOfTwo<BaseModulus, 2 * V::RADIX_BITS - Fp::BITS>::value);
        static const u64 zero[NUMBER] = {};
        u64 sink[NUMBER];
        const size_t numbers = count * NUMBERS;
        for (size_t n = 0; n < numbers; n += V::LANES) {
            const u64 *from[V::LANES];
            u64 *to[V::LANES];
            for (int l = 0; l < V::LANES; l++) {
                const size_t k = n + l;
                from[l] = k < numbers ? used_[k / NUMBERS] + k % NUMBERS * NUMBER : zero;
                to[l] = k < numbers ? out + k * NUMBER : sink;
            }
            Base::canonical(Base::mul(Base::load(from, 0), factor)).store(to, 0);
        }
    }

    Buffer<u64> room_;
    const u64 *used_[PIECE];
};

}  // namespace
