// A board's gateware, clocked, with its serial line on a file descriptor: bits in, bits out.
//
// Compiled with Verilator's output into one shared library, loaded by sim/board.py. The line is
// driven and read bit by bit at the pins, as a USB bridge would; the descriptor carries its bytes.

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unistd.h>

#include "Vboard.h"
#include "trace.h"
#include "verilated.h"

namespace {

struct Simulation {
    VerilatedContext context;
    std::unique_ptr<Vboard> top;
    int descriptor, divisor;
    uint64_t cycle = 0;
    Trace trace;
    // To the board: bits still to be sent of the byte at hand, the lowest first.
    uint8_t incoming[4096];
    size_t incoming_at = 0, incoming_end = 0;
    uint32_t out_bits = 0;
    int out_left = 0, out_count = 0;
    // From the board: where in a byte the line is.
    uint8_t outgoing[4096];
    size_t outgoing_end = 0;
    uint32_t in_bits = 0;
    int in_left = 0, in_count = 0;
    bool hung_up = false;

    Simulation(int descriptor, int divisor)
        : top(new Vboard(traced(&context))), descriptor(descriptor), divisor(divisor) {
        top->rx = 1;
        reset();
    }

    void clock() {
        top->clk = 0;
        top->eval();
        trace.settled(cycle);
        top->clk = 1;
        top->eval();
        trace.clocked(cycle);
        cycle++;
    }

    void reset() {
        top->rst = 1;
        for (int n = 0; n < 4; n++) clock();
        top->rst = 0;
        out_left = in_left = 0;
        incoming_at = incoming_end = 0;
    }

    void receive() {
        ssize_t got = read(descriptor, incoming, sizeof incoming);
        incoming_at = 0;
        incoming_end = got > 0 ? got : 0;
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) hung_up = true;
    }

    void send() {
        size_t sent = 0;
        while (sent < outgoing_end) {
            ssize_t put = write(descriptor, outgoing + sent, outgoing_end - sent);
            if (put > 0) {
                sent += put;
            } else if (errno == EINTR) {
                continue;
            } else {
                if (errno != EAGAIN) hung_up = true;
                break;  // nobody reads: the line does not wait for readers
            }
        }
        outgoing_end = 0;
    }
};

constexpr int kLook = 256;  // cycles between two looks at the descriptor while nothing comes

}  // namespace

extern "C" {

void* board_create(int descriptor, int divisor) { return new Simulation(descriptor, divisor); }
void board_destroy(void* handle) { delete static_cast<Simulation*>(handle); }
void board_reset(void* handle) { static_cast<Simulation*>(handle)->reset(); }
uint64_t board_cycle(void* handle) { return static_cast<Simulation*>(handle)->cycle; }
// Write cycles `first` to `last` to the file `path`; returns 1 where it cannot be opened.
int board_trace(void* handle, const char* path, uint64_t first, uint64_t last) {
    auto& s = *static_cast<Simulation*>(handle);
    return s.trace.open(*s.top, path, first, last);
}
int board_broken(void* handle) { return static_cast<Simulation*>(handle)->top->broken; }
int board_active(void* handle) { return static_cast<Simulation*>(handle)->top->active; }

// Run `cycles` cycles; returns 1 when the other end of the line is gone.
int board_run(void* handle, uint64_t cycles) {
    auto& s = *static_cast<Simulation*>(handle);
    auto& top = *s.top;
    for (uint64_t end = s.cycle + cycles; s.cycle < end;) {
        if (s.out_left == 0) {
            if (s.incoming_at == s.incoming_end && s.cycle % kLook == 0) s.receive();
            if (s.incoming_at < s.incoming_end) {
                s.out_bits = 0x200u | s.incoming[s.incoming_at++] << 1;  // start, eight bits, stop
                s.out_left = 10;
                s.out_count = 0;
            }
        }
        if (s.out_left != 0) {
            top.rx = s.out_bits & 1;
            if (++s.out_count == s.divisor) {
                s.out_count = 0;
                s.out_bits >>= 1;
                s.out_left--;
            }
        } else {
            top.rx = 1;
        }
        s.clock();
        const bool line = top.tx;
        if (s.in_left == 0) {
            if (!line) {
                s.in_left = 9;
                s.in_count = s.divisor + s.divisor / 2;  // the middle of the first bit
                s.in_bits = 0;
            } else if (s.outgoing_end != 0 && (s.outgoing_end == sizeof s.outgoing
                                               || s.cycle % kLook == 0)) {
                s.send();
            }
        } else if (--s.in_count == 0) {
            s.in_count = s.divisor;
            if (--s.in_left == 0) {
                if (line) s.outgoing[s.outgoing_end++] = s.in_bits;
                if (s.outgoing_end >= 512) s.send();
            } else {
                s.in_bits = s.in_bits >> 1 | (line ? 0x80 : 0);
            }
        }
    }
    s.send();
    return s.hung_up;
}

}  // extern "C"
