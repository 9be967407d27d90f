// 2^(stride i) P for many points P and i = 0, 1, ...: doublings in batches, as additions are.
#pragma once
#include "conversion.h"

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
        auto fill = [=](u64 *room, size_t from, size_t some, Outcome &) {
            for (size_t i = 0; i < some; i++) store_point<G>(room + i * POINT, Affine<F>::load(points + (from + i) * POINT));
        };
        auto take = [=](const u64 *point, u64 *to) {
            const Affine<F> value = load_point<G>(point);
            memcpy(to, &value, POINT * 8);
        };
        in_blocks(count, stride, copies, out, control, outcome, fill, take);
    }
    // The same of all points of a source, as sums take them.
    static void run_converted(const Source &points, size_t count, int stride, int copies, u64 *out, Control *control,
                              Outcome &outcome) {
        auto fill = [&points, control](u64 *room, size_t from, size_t some, Outcome &problems) {
            Conversion<G> *conversion = create<Conversion<G>>();
            if (!conversion || !conversion->prepare()) problems.fail(NO_MEMORY);
            else conversion->run(points, nullptr, from, from + some, room, nullptr, control, problems);
            destroy(conversion);
        };
        auto take = [](const u64 *point, u64 *to) { memcpy(to, point, POINT * 8); };
        in_blocks(count, stride, copies, out, control, outcome, fill, take);
    }

  private:
    template <class Fill, class Take>
    static void in_blocks(size_t count, int stride, int copies, u64 *out, Control *control, Outcome &outcome, Fill fill,
                          Take take) {
        size_t next = 0;
        auto body = [&](int) {
            Additions<G> *additions = create<Additions<G>>();
            Buffer<u64> room;
            if (!additions || !additions->prepare(control) || !room.reserve(BLOCK * POINT)) outcome.fail(NO_MEMORY);
            while (!outcome.failed() && !is_cancelled(control)) {
                const size_t from = __atomic_fetch_add(&next, BLOCK, __ATOMIC_RELAXED);
                if (from >= count) break;
                const size_t some = least(BLOCK, count - from);
                fill(room.data(), from, some, outcome);
                if (!outcome.failed()) block(*additions, some, stride, copies, room.data(), out + from * copies * POINT, take);
                advance(control, some);
            }
            destroy(additions);
        };
        on_threads(least(control ? control->threads : 1, (int)((count + BLOCK - 1) / BLOCK)), body);
    }

    template <class Take>
    static void block(Additions<G> &additions, size_t count, int stride, int copies, u64 *room, u64 *out, Take take) {
        for (int copy = 0; copy < copies; copy++) {
            for (int bit = 0; copy && bit < stride; bit++) {
                for (size_t i = 0; i < count; i++) {
                    u64 *point = room + i * POINT;
                    additions.push(point, point, point);
                }
                additions.flush();
            }
            for (size_t i = 0; i < count; i++) take(room + i * POINT, out + (i * copies + copy) * POINT);
        }
    }
};

}  // namespace
