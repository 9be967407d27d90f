// What a caller sees of work that runs, and can do to it; threads; where data come from.
#pragma once
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "copies_plan.h"
#include "words.h"

// Shared with the caller, who polls and sets it from another thread. The same in library.py.
struct Control {
    int32_t cancelled;  // set by the caller: work ends at the next block
    int32_t threads;
    uint64_t done, total;
};

// What went wrong; `file` 0 is the key, 1 the witness. The same in faults.py.
struct Fault {
    int32_t code;
    int32_t file;
    int32_t section;
    int32_t detail;
    uint64_t byte, index, found, limit;
};

enum Code {
    FINE = 0,
    CANCELLED = 1,
    NO_MEMORY = 2,
    NO_THREAD = 3,
    UNREADABLE = 4,       // the system's error number is in `found`
    TRUNCATED = 5,        // the file ends at `byte`, `found` bytes were wanted there
    BAD_MAGIC = 6,
    BAD_VERSION = 7,
    DOUBLE_SECTION = 8,
    MISSING_SECTION = 9,
    TRAILING = 10,        // `found` bytes more than accounted for
    BAD_PROTOCOL = 11,
    BAD_PRIME = 12,
    BAD_COUNT = 13,
    BAD_DOMAIN = 14,
    NOT_BELOW_PRIME = 15, // number or coordinate `index`
    BAD_INDEX = 16,       // entry `index`: field `detail` is `found`, not below `limit`
    SIZE_MISMATCH = 17,   // a section has `found` bytes, `limit` were expected
    NOT_ONE = 18,
    WRONG_WITNESS = 19,   // `found` values, `limit` wanted
    INVALID_PROOF = 20,
    NO_VECTOR = 21,
};

// The next two pass between files, so their functions must be inlined: see words.h.

// The first failure among threads that work side by side.
class Outcome {
  public:
    ALWAYS_INLINE void fail(const Fault &fault) {
        int32_t nobody = 0;
        if (__atomic_compare_exchange_n(&taken_, &nobody, 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
            fault_ = fault;
            __atomic_store_n(&failed_, 1, __ATOMIC_RELEASE);
        }
    }
    ALWAYS_INLINE void fail(Code code) {
        Fault fault = {};
        fault.code = code;
        fail(fault);
    }
    ALWAYS_INLINE bool failed() const { return __atomic_load_n(&failed_, __ATOMIC_ACQUIRE); }
    ALWAYS_INLINE const Fault &fault() const { return fault_; }

  private:
    int32_t taken_ = 0, failed_ = 0;
    Fault fault_ = {};
};

// Bytes in memory or in a file. Files are read in pieces instead of mapped: a mapped file that shrinks
// ends the process with a bus error, a read only comes back short. Reading costs one copy in cache,
// and memory holds pieces instead of whole sections.
struct Source {
    const uint8_t *memory = nullptr;  // if not null, else `file`
    int file = -1;
    uint64_t start = 0;  // where the file's part begins
    int32_t which = 0, section = 0;
    bool converted = false;  // points in memory that a vector class has converted, aligned as words
    CopiesPlan plan;         // multiples that lie beside each of them

    // `size` bytes from `offset` on: in place, or read into `room`. Null where the file is shorter.
    ALWAYS_INLINE const uint8_t *fetch(uint64_t offset, size_t size, uint8_t *room, Outcome &outcome) const {
        if (memory) return memory + offset;
        size_t have = 0;
        while (have < size) {
            ssize_t got = pread(file, room + have, size - have, (off_t)(start + offset + have));
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) {
                Fault fault = at(offset + have);
                fault.code = got < 0 ? UNREADABLE : TRUNCATED;
                fault.found = got < 0 ? (uint64_t)errno : size - have;
                outcome.fail(fault);
                return nullptr;
            }
            have += (size_t)got;
        }
        return room;
    }
    ALWAYS_INLINE Fault at(uint64_t offset) const {
        Fault fault = {};
        fault.file = which;
        fault.section = section;
        fault.byte = start + offset;
        return fault;
    }
};

namespace {

INLINE bool is_cancelled(const Control *control) {
    return control && __atomic_load_n(&control->cancelled, __ATOMIC_RELAXED);
}
INLINE void advance(Control *control, u64 work) {
    if (control) __atomic_fetch_add(&control->done, work, __ATOMIC_RELAXED);
}

// Run body(index) for index 0..count-1, each on a thread of its own, the last on this one. Beyond MOST
// threads, or where the system gives no further one, this one does the rest: slower, but the same result.
template <class Body> void on_threads(int count, Body &body) {
    struct Start {
        Body *body;
        int index;
        pthread_t thread;
        static void *run(void *start) {
            Start *s = (Start *)start;
            (*s->body)(s->index);
            return nullptr;
        }
    };
    constexpr int MOST = 256;
    Start started[MOST];
    int running = 0;
    while (running < least(count, MOST) - 1) {
        started[running].body = &body;
        started[running].index = running;
        if (pthread_create(&started[running].thread, nullptr, Start::run, &started[running])) break;
        running++;
    }
    for (int index = running; index < count; index++) body(index);
    for (int index = 0; index < running; index++) pthread_join(started[index].thread, nullptr);
}

// Run body(from, to) on shares of 0..count-1, one a thread, each of `least_share` items or more.
template <class Body> void in_shares(int threads, size_t count, size_t least_share, Body body) {
    const int parts = (int)greatest((size_t)1, least((size_t)threads, count / greatest((size_t)1, least_share)));
    auto share = [&](int index) { body(count * index / parts, count * (index + 1) / parts); };
    on_threads(parts, share);
}

}  // namespace
