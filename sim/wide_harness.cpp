// A wide processor's Verilog, clocked: values in, values out.
//
// Compiled together with Verilator's output into one shared library, loaded by sim/wide_gateware.py.
// Values are rows of 32-bit words, lowest first. Pauses are the caller's: bit n of a pattern says
// whether the stream waits in the cycles that are n modulo 64.

#include <cstddef>
#include <cstdint>
#include <memory>

// Verilator writes the two underscores of a port as ___05F.
#include "Vwide.h"
#include "verilated.h"

namespace {

struct Simulation {
    VerilatedContext context;
    std::unique_ptr<Vwide> top;

    Simulation() : top(new Vwide(&context)) {
        top->rst = 1;
        top->words___05Fvalid = 0;
        top->i___05Fvalid = 0;
        top->o___05Fready = 0;
        for (int n = 0; n < 4; n++) {
            top->clk = 0;
            top->eval();
            top->clk = 1;
            top->eval();
        }
        top->rst = 0;
    }
};

}  // namespace

extern "C" {

void* wide_create() { return new Simulation; }

void wide_destroy(void* handle) { delete static_cast<Simulation*>(handle); }

// Offer `count` rows of `width` words each to the stream of a program's words.
void wide_load(void* handle, const uint32_t* rows, size_t count, size_t width) {
    auto& top = *static_cast<Simulation*>(handle)->top;
    top.words___05Fvalid = 1;
    for (size_t in = 0; in < count;) {
        top.clk = 0;
        for (size_t n = 0; n < width; n++) top.words___05Fpayload[n] = rows[in * width + n];
        top.eval();
        in += top.words___05Fready;
        top.clk = 1;
        top.eval();
    }
    top.words___05Fvalid = 0;
}

// Offer `count` rows of `width_in` words each and take `room` of `width_out`, for at most `*cycles`
// cycles. Sets `*cycles` to those it took, from the first in which a row is offered to the last in
// which one is taken, and returns how many were taken.
size_t wide_run(void* handle, const uint32_t* rows, size_t count, size_t width_in,
                uint32_t* results, size_t room, size_t width_out, uint64_t pauses_in,
                uint64_t pauses_out, uint64_t* cycles) {
    auto& top = *static_cast<Simulation*>(handle)->top;
    size_t in = 0, out = 0;
    uint64_t cycle = 0;
    for (; cycle < *cycles && (in < count || out < room); cycle++) {
        top.clk = 0;
        top.i___05Fvalid = in < count && !(pauses_in >> cycle % 64 & 1);
        if (in < count)
            for (size_t n = 0; n < width_in; n++) top.i___05Fpayload[n] = rows[in * width_in + n];
        top.o___05Fready = out < room && !(pauses_out >> cycle % 64 & 1);
        top.eval();
        in += top.i___05Fvalid && top.i___05Fready;
        if (top.o___05Fvalid && top.o___05Fready) {
            for (size_t n = 0; n < width_out; n++)
                results[out * width_out + n] = top.o___05Fpayload[n];
            out++;
        }
        top.clk = 1;
        top.eval();
    }
    top.i___05Fvalid = 0;
    *cycles = cycle;
    return out;
}

}  // extern "C"
