// A matrix unit's Verilog, clocked: words in, words out.
//
// Compiled together with Verilator's output into one shared library, loaded by
// sim/matrix_gateware.py. Its multiplier's own operands stay 0.

#include <cstddef>
#include <cstdint>
#include <memory>

// Verilator writes the two underscores of a port as ___05F.
#include "Vmatrix.h"
#include "verilated.h"

namespace {

struct Simulation {
    VerilatedContext context;
    std::unique_ptr<Vmatrix> top;

    Simulation() : top(new Vmatrix(&context)) {
        top->rst = 1;
        top->start = 0;
        top->commands___05Fvalid = 0;
        top->answers___05Fready = 0;
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

void* matrix_create() { return new Simulation; }

void matrix_destroy(void* handle) { delete static_cast<Simulation*>(handle); }

// Offer `count` words and take `room` answers, for at most `*cycles` cycles; bit n of `pauses` says
// whether answers wait in the cycles that are n modulo 64. Sets `*cycles` to those it took and
// returns how many answers came.
size_t matrix_run(void* handle, const uint64_t* words, size_t count, uint64_t* answers, size_t room,
                  uint64_t pauses, uint64_t* cycles) {
    auto& top = *static_cast<Simulation*>(handle)->top;
    size_t in = 0, out = 0;
    uint64_t cycle = 0;
    for (; cycle < *cycles && (in < count || out < room); cycle++) {
        top.clk = 0;
        top.commands___05Fvalid = in < count;
        if (in < count) top.commands___05Fpayload = words[in];
        top.answers___05Fready = out < room && !(pauses >> cycle % 64 & 1);
        top.eval();
        in += top.commands___05Fvalid && top.commands___05Fready;
        if (top.answers___05Fvalid && top.answers___05Fready)
            answers[out++] = top.answers___05Fpayload;
        top.clk = 1;
        top.eval();
    }
    top.commands___05Fvalid = 0;
    *cycles = cycle;
    return out;
}

}  // extern "C"
