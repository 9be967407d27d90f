// Kernels of the scalar class by cases from stdin, in a program of its own: for processors that an emulator runs.
//
// A case is a head of six words (what, group or field, operation or power, count, bytes of its input, 0) and its
// input; the answer is a head of two words (fault's code, bytes) and the result.
#include "library.cpp"

namespace {

enum Case : u64 { ARITHMETIC, SUM, MULTIPLES, QUOTIENT, PAIRING, PROVE };

bool read_exactly(void *to, size_t size) { return fread(to, 1, size, stdin) == size; }

}  // namespace

int main() {
    u64 head[6];
    while (read_exactly(head, sizeof head)) {
        const int32_t group = (int32_t)head[1], operation = (int32_t)head[2];
        const u64 count = head[3], point = group ? G2_BYTES : G1_BYTES;
        Buffer<u8> input, output;
        if (!input.reserve(head[4] + 64) || !output.reserve(count * 128 + 4096) || !read_exactly(input.data(), head[4])) return 1;
        const u8 *in = input.data();
        u64 *out = (u64 *)output.data(), size = 0;
        Control control = {};
        control.threads = 2;
        Fault fault = {};
        switch (head[0]) {
        case ARITHMETIC:
            proofmill_arithmetic(SCALAR, group, operation, (const u64 *)in, (const u64 *)(in + 32 * count), out, count);
            size = 32 * count;
            break;
        case SUM:
            proofmill_sum(SCALAR, group, in, 0, (const u64 *)(in + point * count), count, &control, out, &fault);
            size = point;
            break;
        case MULTIPLES:
            proofmill_multiples(SCALAR, group, (const u64 *)in, (const u64 *)(in + point), count, &control, out, &fault);
            size = point * count;
            break;
        case QUOTIENT:
            size = (u64)32 << operation;
            proofmill_quotient(SCALAR, (u64 *)in, (u64 *)(in + size), operation, &control, &fault);
            memcpy(out, in, size);
            break;
        case PAIRING:
            *out = (u64)proofmill_pairing((const u64 *)in, (const u64 *)(in + G1_BYTES * count), (int32_t)count);
            size = 8;
            break;
        case PROVE: {  // `count`: bytes of the key; before it the two random numbers
            const File key = {in + 64, count, -1, 0}, witness = {in + 64 + count, head[4] - 64 - count, -1, 1};
            u64 signals[4 * 64];
            proofmill_prove(SCALAR, &key, &witness, (const u64 *)in, &control, out, signals, 64, &fault);
            size = 256;
            break;
        }
        default:
            return 1;
        }
        const u64 answer[2] = {(u64)fault.code, size};
        fwrite(answer, 1, sizeof answer, stdout);
        fwrite(out, 1, size, stdout);
        fflush(stdout);
    }
    return 0;
}
