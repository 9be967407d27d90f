// Proves with damaged files, in a build in which the compiler's sanitizers and the library's own checks
// watch every access, shift and bound: whatever a file says, the answer is a fault or a proof, no crash.
//
//   driver KEY WITNESS SEED FIRST COUNT NUMBER EVERY
//
// Input i follows from SEED and i alone. NUMBER is a file of eight bytes, the input at work, which stay where
// the process ends within one. Of EVERY inputs one is proven with; of the others everything is read: headers,
// values, coefficients with their products, points as a vector class takes them, but nothing is summed.
// One line of JSON on stdout every second, and one at the end: inputs done, and answers by fault code.
#include <fcntl.h>
#include <time.h>

#include "../source/library.cpp"

namespace {

constexpr int CODES = 32;

// SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
struct Draw {
    u64 state;
    u64 word() {
        u64 x = state += 0x9e3779b97f4a7c15;
        x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
        x = (x ^ x >> 27) * 0x94d049bb133111eb;
        return x ^ x >> 31;
    }
    u64 below(u64 end) { return end ? word() % end : 0; }
};

// A file's content, in memory that ends where it ends, so that a byte read beyond it is found.
struct Content {
    u8 *bytes = nullptr;
    size_t size = 0;

    ~Content() { free(bytes); }
    void copy(const Content &other) { resize(other.size, other.bytes); }
    void resize(size_t wanted, const u8 *from) {
        u8 *fresh = (u8 *)malloc(wanted ? wanted : 1);
        memcpy(fresh, from, wanted);
        free(bytes);
        bytes = fresh;
        size = wanted;
    }
    void put(size_t at, const void *value, size_t count) {
        if (at < size) memcpy(bytes + at, value, least(count, size - at));
    }
    bool read(const char *path) {
        const int file = open(path, O_RDONLY);
        if (file < 0) return false;
        const off_t length = lseek(file, 0, SEEK_END);
        bytes = (u8 *)malloc((size_t)length);
        size = (size_t)length;
        const bool whole = pread(file, bytes, size, 0) == length;
        close(file);
        return whole;
    }
};

constexpr int OFFSETS[] = {0, 4, 8, 12, 16, 24, 48, 52, 84, 88, 92};

// Numbers that lie most: of the head, of sections' heads and of headers.
size_t place_of_number(Draw &draw, const Content &data) {
    size_t places[256] = {4, 8};
    int count = 2;
    size_t at = 12;
    while (count < 240 && at + 12 <= data.size) {
        for (const int offset : OFFSETS)
            if (at + (size_t)offset + 4 <= data.size) places[count++] = at + (size_t)offset;
        const u64 length = read_as<u64>(data.bytes + at + 4);
        if (length > data.size - at - 12) break;
        at += 12 + (size_t)length;
    }
    return places[draw.below((u64)count)];
}

void damage(Draw &draw, Content &data) {
    const size_t at = (size_t)draw.below(data.size);
    // Files whose sections do not fit are refused soon: most damage leaves them where they are.
    switch (draw.below(16)) {
    case 0: case 8: case 9: if (data.size) data.bytes[at] ^= (u8)(1 << draw.below(8)); return;
    case 1: case 10: case 11: case 12: {  // a number
        u64 value[4];
        const u64 kind = draw.below(5);
        for (int i = 0; i < 4; i++)
            value[i] = kind == 0 ? 0 : kind == 1 ? ~(u64)0 : kind == 2 ? BaseModulus::P[i] : kind == 3 ? ScalarModulus::P[i] : draw.word();
        data.put(at, value, (size_t)1 << draw.below(6));
        return;
    }
    case 2: data.resize(at, data.bytes); return;  // the end is missing
    case 3: {                                      // some bytes stand twice
        const size_t more = least((size_t)draw.below(200), data.size - least(at, data.size));
        Content longer;
        longer.bytes = (u8 *)malloc(data.size + more);
        longer.size = data.size + more;
        memcpy(longer.bytes, data.bytes, at);
        memcpy(longer.bytes + at, data.bytes + at, more);
        memcpy(longer.bytes + at + more, data.bytes + at, data.size - at);
        exchange(data.bytes, longer.bytes);
        exchange(data.size, longer.size);
        return;
    }
    case 4: case 13: case 14: {  // a point or a value becomes another one's
        const size_t unit = (size_t)32 << draw.below(3), from = (size_t)draw.below(data.size);
        u8 kept[128];
        const size_t count = least(unit, data.size - from);
        memcpy(kept, data.bytes + from, count);
        data.put(at, kept, count);
        return;
    }
    default: {
        const u32 chosen[] = {0, 1, 2, 3, 0x7fffffff, 0xffffffff, 1u << 28, (u32)draw.word(), (u32)draw.below(64)};
        const u32 value = chosen[draw.below(9)];
        data.put(place_of_number(draw, data), &value, sizeof value);
    }
    }
}

// A file of the content of the input at work, for the calls that read instead of looking into memory.
class OnDisk {
  public:
    OnDisk() : stream_(tmpfile()) {}
    ~OnDisk() { if (stream_) fclose(stream_); }
    int descriptor() const { return stream_ ? fileno(stream_) : -1; }
    bool write(const Content &content) const {
        return !ftruncate(descriptor(), 0) && pwrite(descriptor(), content.bytes, content.size, 0) == (ssize_t)content.size;
    }
    void shrink(Draw &draw, size_t size) const {
        if (ftruncate(descriptor(), (off_t)draw.below(size))) abort();
    }

  private:
    FILE *stream_;
};

// Everything in both files that a proof reads.
int32_t read_all(int vector, const File *files, Control *control, Fault *fault) {
    Outcome outcome;
    Key key;
    WitnessFile witness;
    if (!key.open(files[0], outcome) || !witness.open(files[1], outcome)) return answer(outcome, control, fault);
    Parts parts(key);
    Buffer<u64> values, a, b, points;
    const size_t words = 4 * (size_t)key.domain;
    if (!values.reserve(4 * (size_t)witness.count) || !a.reserve(words) || !b.reserve(words)) outcome.fail(NO_MEMORY);
    else if (witness.count != key.wires) outcome.fail(WRONG_WITNESS);
    else if (witness.read(values.data())) {
        memset(a.data(), 0, words * 8);
        memset(b.data(), 0, words * 8);
        u64 *const rows[2] = {a.data(), b.data()};
        multiply_rows(key, parts.entries, values.data(), 3, rows, control, outcome);
    }
    parts.each_points(key, [&](int, const Source &from, u64 count, bool g2) {
        if (outcome.failed()) return;
        if (!points.reserve(count * 16 + 1)) outcome.fail(NO_MEMORY);
        else convert(kernels_of(vector), g2, from, count, {}, points.data(), control, outcome);
    });
    return answer(outcome, control, fault);
}

double seconds() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

}  // namespace

int main(int count, char **words) {
    Content key, witness, bad_key, bad_witness;
    const OnDisk on_disk[2];
    const int numbers = count == 8 ? open(words[6], O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
    if (numbers < 0 || on_disk[0].descriptor() < 0 || on_disk[1].descriptor() < 0 || !key.read(words[1]) || !witness.read(words[2])) {
        fprintf(stderr, "driver KEY WITNESS SEED FIRST COUNT NUMBER EVERY\n");
        return 2;
    }
    const u64 seed = strtoull(words[3], nullptr, 10), first = strtoull(words[4], nullptr, 10);
    const u64 total = strtoull(words[5], nullptr, 10), every = greatest((u64)1, (u64)strtoull(words[7], nullptr, 10));
    u64 answers[CODES] = {};
    double told = seconds();
    auto tell = [&](u64 done) {
        printf("{\"inputs\": %llu, \"answers\": [", (unsigned long long)done);
        for (int i = 0; i < CODES; i++) printf("%s%llu", i ? ", " : "", (unsigned long long)answers[i]);
        printf("]}\n");
        fflush(stdout);
    };
    for (u64 i = 0; i < total; i++) {
        const u64 number = first + i;
        if (pwrite(numbers, &number, sizeof number, 0) != (ssize_t)sizeof number) return 2;
        alarm(60);  // an input that takes longer hangs, and the signal ends the process
        Draw draw = {seed ^ number * 0xd1342543de82ef95};
        bad_key.copy(key);
        bad_witness.copy(witness);
        for (u64 left = 1 + draw.below(4); left; left--) damage(draw, draw.below(10) < 7 ? bad_key : bad_witness);
        int vector = (int)draw.below(CLASSES);
        while (!proofmill_can_run(vector)) vector--;
        // From memory, or from a file, which may shrink after it was looked at.
        const Content *const contents[] = {&bad_key, &bad_witness};
        File files[2];
        for (int which = 0; which < 2; which++) {
            const Content &content = *contents[which];
            files[which] = {content.bytes, content.size, -1, which};
            if (!draw.below(4) && on_disk[which].write(content)) files[which] = {nullptr, content.size, on_disk[which].descriptor(), which};
        }
        Fault fault;
        Sizes sizes;
        Control control = {};
        control.threads = 1 + (int)draw.below(2);
        const u64 blinding[8] = {draw.word(), 0, 0, 0, draw.word(), 0, 0, 0};
        u64 proof[32], signals[4 * 8], held_bytes;
        if (!proofmill_inspect(&files[0], &files[1], &sizes, &fault)) {
            const u64 room = draw.below(2) ? 8 : sizes.outputs < 8 ? sizes.outputs : 8;
            for (int which = 0; which < 2; which++)
                if (!files[which].memory && !draw.below(4)) on_disk[which].shrink(draw, contents[which]->size);
            if (number % every) {
                read_all(vector, files, &control, &fault);
            } else if (draw.below(4)) {
                proofmill_prove(vector, &files[0], &files[1], blinding, &control, proof, signals, room, &fault);
            } else if (HeldKey *held = proofmill_hold(vector, &files[0], draw.below(2) << 20, &control, &held_bytes, &fault)) {
                proofmill_prove_held(held, &files[1], blinding, &control, proof, signals, room, &fault);
                proofmill_let_go(held);
            }
        }
        CHECK(fault.code >= 0 && fault.code < CODES);
        answers[fault.code]++;
        if (seconds() - told >= 1) {
            told = seconds();
            tell(i + 1);
        }
    }
    tell(total);
    return 0;
}
