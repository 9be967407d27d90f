// 2^(stride i) P for many points P and i = 0, 1, ...: doublings in batches, as additions are.
#pragma once
#include "additions.h"

namespace {

template <class G> class Copies {
    typedef typename G::F F;
    static constexpr int POINT = G::POINT;
    static constexpr size_t BLOCK = Additions<G>::BLOCK;  // points at once

  public:
    // `copies` multiples of each point into `out`, one after the other; affine times 2^256, coordinates
    // below p. What no addition is needed for is infinity: all of infinity, and what follows y = 0.
    static void run(const u64 *points, size_t count, int stride, int copies, u64 *out, Control *control,
                    Outcome &outcome) {
        size_t next = 0;
        auto body = [&](int) {
            Additions<G> *additions = create<Additions<G>>();
            Buffer<u64> room;
            if (!additions || !additions->prepare(control) || !room.reserve(BLOCK * POINT)) outcome.fail(NO_MEMORY);
            while (!outcome.failed() && !is_cancelled(control)) {
                const size_t from = __atomic_fetch_add(&next, BLOCK, __ATOMIC_RELAXED);
                if (from >= count) break;
                const size_t some = least(BLOCK, count - from);
                block(*additions, points + from * POINT, some, stride, copies, room.data(), out + from * copies * POINT);
                advance(control, some);
            }
            destroy(additions);
        };
        on_threads(least(control ? control->threads : 1, (int)((count + BLOCK - 1) / BLOCK)), body);
    }

  private:
    static void block(Additions<G> &additions, const u64 *points, size_t count, int stride, int copies, u64 *room,
                      u64 *out) {
        for (size_t i = 0; i < count; i++) store_point<G>(room + i * POINT, Affine<F>::load(points + i * POINT));
        for (int copy = 0; copy < copies; copy++) {
            for (int bit = 0; copy && bit < stride; bit++) {
                for (size_t i = 0; i < count; i++) {
                    u64 *point = room + i * POINT;
                    additions.push(point, point, point);
                }
                additions.flush();
            }
            for (size_t i = 0; i < count; i++) {
                const Affine<F> point = load_point<G>(room + i * POINT);
                memcpy(out + (i * copies + copy) * POINT, &point, POINT * 8);
            }
        }
    }
};

}  // namespace
