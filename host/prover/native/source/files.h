// The sections of a .zkey and a .wtns, found and checked before anything in them is used.
//
// Nothing here trusts a number in a file: sizes are compared with the file's, counts with sections, and
// indices with counts where they are used. A fault names file, section and byte.
#pragma once
#include "control.h"
#include "modulus.h"

// A file by its descriptor, or its content in memory. The same in prove.py.
struct File {
    const uint8_t *memory;
    uint64_t size;
    int32_t descriptor;
    int32_t which;
};

namespace {

constexpr int KEY = 0, WITNESS = 1;
constexpr u32 NUMBER_BYTES = 32, G1_BYTES = 64, G2_BYTES = 128;
constexpr u64 COEFFICIENT_BYTES = 44;
constexpr u32 GROTH16 = 1;

struct Section {
    u64 offset = 0, size = 0;
    bool found = false;
};

class Container {
  public:
    static constexpr u32 MOST_KINDS = 16, MOST_SECTIONS = 64;
    Section sections[MOST_KINDS];

    bool open(const File &file, const char *magic, u32 first_version, u32 last_version, Outcome &outcome) {
        file_ = file;
        outcome_ = &outcome;
        u8 head[12];
        if (!read(0, head, sizeof head, 0)) return false;
        if (memcmp(head, magic, 4)) return fail(BAD_MAGIC, 0, 0, 0, read_as<u32>(head));
        const u32 version = read_as<u32>(head + 4), count = read_as<u32>(head + 8);
        if (version < first_version || version > last_version) return fail(BAD_VERSION, 0, 4, 0, version, last_version);
        if (count > MOST_SECTIONS) return fail(BAD_COUNT, 0, 8, 0, count, MOST_SECTIONS);
        u64 at = 12;
        for (u32 i = 0; i < count; i++) {
            u8 start[12];
            if (!read(at, start, sizeof start, 0)) return false;
            const u32 kind = read_as<u32>(start);
            const u64 size = read_as<u64>(start + 4);
            at += 12;
            if (size > file.size - at) return fail(TRUNCATED, (int)least(kind, MOST_KINDS), at, 0, size, file.size - at);
            if (kind < MOST_KINDS) {
                if (sections[kind].found) return fail(DOUBLE_SECTION, (int)kind, at - 12);
                sections[kind].offset = at;
                sections[kind].size = size;
                sections[kind].found = true;
            }
            at += size;
        }
        if (at != file.size) return fail(TRAILING, 0, at, 0, file.size - at);
        return true;
    }
    // Whether a section is there and has the size that follows from the header.
    bool has(int kind, u64 size) {
        if (!sections[kind].found) return fail(MISSING_SECTION, kind, 0);
        if (sections[kind].size != size) return fail(SIZE_MISMATCH, kind, sections[kind].offset, 0, sections[kind].size, size);
        return true;
    }
    bool has_at_least(int kind, u64 size) {
        if (!sections[kind].found) return fail(MISSING_SECTION, kind, 0);
        if (sections[kind].size < size) return fail(SIZE_MISMATCH, kind, sections[kind].offset, 0, sections[kind].size, size);
        return true;
    }
    // `size` bytes at `offset` of the file into `out`.
    bool read(u64 offset, void *out, size_t size, int kind) {
        if (offset > file_.size || size > file_.size - offset) return fail(TRUNCATED, kind, offset, 0, size, file_.size - least(offset, file_.size));
        const Source whole = source_of(0, kind);
        const u8 *found = whole.fetch(offset, size, (u8 *)out, *outcome_);
        if (!found) return false;
        if (found != out) memcpy(out, found, size);
        return true;
    }
    // A length and a prime of that length; four words are all that fit.
    bool prime(int kind, u64 offset, const u64 *expected) {
        u8 bytes[4 + NUMBER_BYTES];
        if (!read(offset, bytes, 4, kind)) return false;
        const u32 size = read_as<u32>(bytes);
        if (size != NUMBER_BYTES) return fail(BAD_PRIME, kind, offset, 0, size, NUMBER_BYTES);
        if (!read(offset, bytes, sizeof bytes, kind)) return false;
        if (memcmp(bytes + 4, expected, NUMBER_BYTES)) return fail(BAD_PRIME, kind, offset + 4, 1);
        return true;
    }
    // A section's content from byte `from` on; its bounds are those of `has`.
    Source content(int kind, u64 from = 0) const { return source_of(sections[kind].offset + from, kind); }

    bool fail(Code code, int section, u64 byte, int detail = 0, u64 found = 0, u64 limit = 0, u64 index = 0) {
        Fault fault = {};
        fault.code = code;
        fault.file = file_.which;
        fault.section = section;
        fault.byte = byte;
        fault.detail = detail;
        fault.found = found;
        fault.limit = limit;
        fault.index = index;
        outcome_->fail(fault);
        return false;
    }

  private:
    Source source_of(u64 offset, int kind) const {
        Source source;
        source.memory = file_.memory ? file_.memory + offset : nullptr;
        source.file = file_.descriptor;
        source.start = offset;
        source.which = file_.which;
        source.section = kind;
        return source;
    }
    File file_ = {};
    Outcome *outcome_ = nullptr;
};

// A Groth16 key of snarkjs; the sections are listed in host/prover/groth16/zkey.py.
struct Key {
    Container container;
    u32 wires, outputs, domain, coefficients;  // `outputs`: public signals
    int power;
    u64 alpha_g1[8], beta_g1[8], beta_g2[16], gamma_g2[16], delta_g1[8], delta_g2[16];

    bool open(const File &file, Outcome &outcome) {
        Container &c = container;
        if (!c.open(file, "zkey", 1, 2, outcome) || !c.has(1, 4)) return false;
        u32 protocol = 0;
        if (!c.read(c.sections[1].offset, &protocol, 4, 1)) return false;
        if (protocol != GROTH16) return c.fail(BAD_PROTOCOL, 1, c.sections[1].offset, 0, protocol, GROTH16);
        constexpr u64 HEAD = 2 * (4 + NUMBER_BYTES) + 12;
        if (!c.has_at_least(2, 4)) return false;
        const u64 start = c.sections[2].offset;
        if (!c.prime(2, start, BaseModulus::P) || !c.prime(2, start + 4 + NUMBER_BYTES, ScalarModulus::P)) return false;
        if (!c.has(2, HEAD + 3 * G1_BYTES + 3 * G2_BYTES)) return false;
        u32 counts[3];
        if (!c.read(start + HEAD - 12, counts, sizeof counts, 2)) return false;
        wires = counts[0];
        outputs = counts[1];
        domain = counts[2];
        if ((u64)outputs + 1 > wires) return c.fail(BAD_COUNT, 2, start + HEAD - 8, 1, outputs, wires);
        if (domain < 2 || (domain & (domain - 1)) || domain > (u32)1 << 28) return c.fail(BAD_DOMAIN, 2, start + HEAD - 4, 0, domain);
        power = __builtin_ctz(domain);
        struct { u64 *to; u32 size; } const points[] = {
            {alpha_g1, G1_BYTES}, {beta_g1, G1_BYTES}, {beta_g2, G2_BYTES},
            {gamma_g2, G2_BYTES}, {delta_g1, G1_BYTES}, {delta_g2, G2_BYTES}};
        u64 at = start + HEAD;
        for (auto &point : points) {
            if (!c.read(at, point.to, point.size, 2)) return false;
            for (u32 i = 0; i < point.size / 8; i += 4)
                if (!is_below(point.to + i, BaseModulus::P)) return c.fail(NOT_BELOW_PRIME, 2, at + 8 * i);
            at += point.size;
        }
        const struct { int kind; u64 size; } sizes[] = {
            {3, G1_BYTES * ((u64)outputs + 1)}, {5, (u64)G1_BYTES * wires}, {6, (u64)G1_BYTES * wires},
            {7, (u64)G2_BYTES * wires}, {8, G1_BYTES * ((u64)wires - outputs - 1)}, {9, (u64)G1_BYTES * domain}};
        for (auto &each : sizes)
            if (!c.has(each.kind, each.size)) return false;
        if (!c.has_at_least(4, 4) || !c.read(c.sections[4].offset, &coefficients, 4, 4)) return false;
        return c.has(4, 4 + COEFFICIENT_BYTES * coefficients);
    }
};

struct WitnessFile {
    Container container;
    u32 count;

    bool open(const File &file, Outcome &outcome) {
        Container &c = container;
        if (!c.open(file, "wtns", 2, 2, outcome) || !c.has_at_least(1, 4)) return false;
        const u64 start = c.sections[1].offset;
        if (!c.prime(1, start, ScalarModulus::P) || !c.has(1, 4 + NUMBER_BYTES + 4)) return false;
        if (!c.read(start + 4 + NUMBER_BYTES, &count, 4, 1)) return false;
        if (!count) return c.fail(BAD_COUNT, 1, start + 4 + NUMBER_BYTES);
        return c.has(2, (u64)NUMBER_BYTES * count);
    }
    // All values, checked to be below r, the first 1.
    bool read(u64 *values) {
        Container &c = container;
        const u64 start = c.sections[2].offset;
        if (!c.read(start, values, (size_t)NUMBER_BYTES * count, 2)) return false;
        for (u32 i = 0; i < count; i++)
            if (!is_below(values + 4 * (size_t)i, ScalarModulus::P)) return c.fail(NOT_BELOW_PRIME, 2, start + (u64)NUMBER_BYTES * i, 0, 0, 0, i);
        if (values[0] != 1 || values[1] || values[2] || values[3]) return c.fail(NOT_ONE, 2, start);
        return true;
    }
};

}  // namespace
