// Words, carries, checks and memory: what every other file here uses.
//
// Everything lies in an unnamed namespace. The same headers are compiled several times, each time
// for other instructions; with external names the linker would keep one copy of a function for
// all of them, perhaps one that this processor cannot run.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define ALWAYS_INLINE inline __attribute__((always_inline))
#ifdef PROOFMILL_CHECKED
#define INLINE inline  // compiles in a fraction of the time
#else
#define INLINE ALWAYS_INLINE
#endif
#define NOINLINE __attribute__((noinline))
#define UNROLL _Pragma("GCC unroll 16")

#ifdef PROOFMILL_CHECKED
#define CHECKED(...) __VA_ARGS__
#else
#define CHECKED(...)
#endif
// In a checked build, end the process where a bound does not hold; else nothing.
#define CHECK(condition) CHECKED((condition) ? (void)0 : check_failed(#condition, __FILE__, __LINE__))

namespace {

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;
typedef unsigned __int128 u128;
typedef __int128 i128;

[[maybe_unused]] [[noreturn]] void check_failed(const char *what, const char *file, int line) {
    fprintf(stderr, "%s:%d: the bound does not hold: %s\n", file, line, what);
    abort();
}

// a + b + carry; carry (0 or 1) becomes the carry out.
INLINE constexpr u64 add_carry(u64 a, u64 b, u64 &carry) {
    u128 total = (u128)a + b + carry;
    carry = (u64)(total >> 64);
    return (u64)total;
}

// a - b - borrow; borrow (0 or 1) becomes the borrow out.
INLINE constexpr u64 subtract_borrow(u64 a, u64 b, u64 &borrow) {
    u128 total = (u128)a - b - borrow;
    borrow = (u64)(total >> 64) & 1;
    return (u64)total;
}

// The same two at run time. g++ makes a carry chain of the processor's own only from these functions.
#if defined(__x86_64__)
typedef unsigned char Carry;
INLINE u64 chain_add(u64 a, u64 b, Carry &carry) {
    unsigned long long total;
    carry = _addcarry_u64(carry, a, b, &total);
    return total;
}
INLINE u64 chain_subtract(u64 a, u64 b, Carry &borrow) {
    unsigned long long total;
    borrow = _subborrow_u64(borrow, a, b, &total);
    return total;
}
#else
typedef u64 Carry;
INLINE u64 chain_add(u64 a, u64 b, Carry &carry) { return add_carry(a, b, carry); }
INLINE u64 chain_subtract(u64 a, u64 b, Carry &borrow) { return subtract_borrow(a, b, borrow); }
#endif

INLINE bool is_zero_words(const u64 *words, int count) {
    u64 any = 0;
    for (int i = 0; i < count; i++) any |= words[i];
    return any == 0;
}

template <class T> INLINE constexpr T least(T a, T b) { return a < b ? a : b; }
template <class T> INLINE constexpr T greatest(T a, T b) { return a > b ? a : b; }
template <class T> INLINE void exchange(T &a, T &b) { T kept = a; a = b; b = kept; }

// Words in memory that may begin at any byte, as sections of a file do.
template <class T> INLINE T read_as(const void *address) {
    T value;
    memcpy(&value, address, sizeof value);
    return value;
}

// Memory for `count` items, aligned for vectors, not initialised; given back at the end of its scope.
//
// What is large comes from the system and goes back to it at once, in huge pages where there are any:
// sums read points in no order, and would miss the small pages' table at every point.
template <class T> class Buffer {
  public:
    Buffer() = default;
    Buffer(const Buffer &) = delete;
    Buffer &operator=(const Buffer &) = delete;
    ~Buffer() { release(); }

    // Room for at least `count` items; false where memory is short. Contents are lost.
    bool reserve(size_t count) {
        if (count <= room_) return true;
        release();
        if (count > (SIZE_MAX >> 2) / sizeof(T)) return false;
        bytes_ = (count * sizeof(T) + 63) / 64 * 64;
        void *found = nullptr;
        if (bytes_ < LARGE) {
            found = aligned_alloc(64, bytes_);
        } else {
            found = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (found == MAP_FAILED) found = nullptr;
#ifdef MADV_HUGEPAGE
            else madvise(found, bytes_, MADV_HUGEPAGE);
#endif
        }
        items_ = (T *)found;
        if (items_) room_ = count;
        return items_ != nullptr;
    }
    void release() {
        if (items_ && bytes_ >= LARGE) munmap(items_, bytes_);
        else free(items_);
        items_ = nullptr;
        room_ = 0;
    }
    T *data() { return items_; }
    const T *data() const { return items_; }
    INLINE T &operator[](size_t index) { CHECK(index < room_); return items_[index]; }
    INLINE const T &operator[](size_t index) const { CHECK(index < room_); return items_[index]; }

  private:
    static constexpr size_t LARGE = 4 << 20;
    T *items_ = nullptr;
    size_t room_ = 0, bytes_ = 0;
};

// An object too large for the stack, all zero, as aligned as its type asks for, which calloc does not
// promise; null where memory is short. The types made so are fit for use when they are all zero.
template <class T> T *create() {
    constexpr size_t ALIGNMENT = alignof(T) > 64 ? alignof(T) : 64;
    T *object = (T *)aligned_alloc(ALIGNMENT, (sizeof(T) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    if (object) memset((void *)object, 0, sizeof(T));
    return object;
}
template <class T> void destroy(T *object) {
    if (object) object->~T();
    free(object);
}

}  // namespace
