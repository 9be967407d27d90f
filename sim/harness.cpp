// The accelerator's Verilog, clocked: a link of 64-bit words and the memory behind its memory port.
//
// Compiled together with Verilator's output into one shared library, loaded by sim/verilated.py.
// Every run with the same words in takes the same cycles: the memory answers after a fixed
// number of them, and the link is always ready.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

// Verilator writes the two underscores of a port as ___05F.
#include "Vaccelerator.h"
#include "trace.h"
#include "verilated.h"

namespace {

// Cycles from a request to its first word: what a burst from a dynamic memory costs.
constexpr uint64_t kMemoryLatency = 24;

// Words that come in a cycle.
constexpr uint32_t kPortWords = sizeof(Vaccelerator::points___05Fpayload) / sizeof(uint64_t);

struct Burst {
    uint64_t ready;    // cycle from which its words come
    uint32_t address;  // of the next word
    uint32_t words;    // still to come
};

// What the memory's port shows: as many words as it has.
void show(uint64_t& port, const std::vector<uint64_t>& memory, uint32_t address) {
    port = address < memory.size() ? memory[address] : 0;
}

template <size_t Halves>
void show(VlWide<Halves>& port, const std::vector<uint64_t>& memory, uint32_t address) {
    for (size_t n = 0; n < Halves; n += 2) {
        uint64_t word;
        show(word, memory, address + n / 2);
        port[n] = static_cast<uint32_t>(word);
        port[n + 1] = static_cast<uint32_t>(word >> 32);
    }
}

struct Simulation {
    VerilatedContext context;
    std::unique_ptr<Vaccelerator> top;
    std::vector<uint64_t> memory;
    std::deque<Burst> bursts;
    uint64_t cycle = 0;
    Trace trace;

    Simulation() : top(new Vaccelerator(traced(&context))) {}

    void reset() {
        bursts.clear();
        top->rst = 1;
        top->commands___05Fvalid = 0;
        top->points___05Fvalid = 0;
        top->answers___05Fready = 0;
        top->requests___05Fready = 1;
        top->writes___05Fready = 1;
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

void* simulation_create() {
    auto* s = new Simulation;
    s->reset();
    return s;
}

void simulation_destroy(void* handle) { delete static_cast<Simulation*>(handle); }

void simulation_reset(void* handle) { static_cast<Simulation*>(handle)->reset(); }

uint64_t simulation_cycle(void* handle) { return static_cast<Simulation*>(handle)->cycle; }

// Write cycles `first` to `last` to the file `path`; returns 1 where it cannot be opened.
int simulation_trace(void* handle, const char* path, uint64_t first, uint64_t last) {
    auto& s = *static_cast<Simulation*>(handle);
    return s.trace.open(*s.top, path, first, last);
}

// Run for at most `cycles` cycles: offer `words_in`, take up to `room` answers. Stops early when
// all words have gone in and `room` answers have come. `*taken` and `*given` count words.
void simulation_run(void* handle, const uint64_t* words_in, size_t count, size_t* taken,
                    uint64_t* words_out, size_t room, size_t* given, uint64_t cycles) {
    auto& s = *static_cast<Simulation*>(handle);
    auto& top = *s.top;
    size_t in = 0, out = 0;
    for (uint64_t end = s.cycle + cycles; s.cycle < end && (in < count || out < room); s.cycle++) {
        top.clk = 0;
        top.commands___05Fvalid = in < count;
        top.commands___05Fpayload = in < count ? words_in[in] : 0;
        top.answers___05Fready = out < room;
        const bool arriving = !s.bursts.empty() && s.bursts.front().ready <= s.cycle;
        top.points___05Fvalid = arriving;
        if (arriving) show(top.points___05Fpayload, s.memory, s.bursts.front().address);
        top.eval();
        s.trace.settled(s.cycle);
        in += top.commands___05Fvalid && top.commands___05Fready;
        if (top.answers___05Fvalid && top.answers___05Fready) words_out[out++] = top.answers___05Fpayload;
        if (arriving && top.points___05Fready) {
            auto& burst = s.bursts.front();
            burst.address += kPortWords;
            burst.words -= kPortWords;
            if (burst.words == 0) s.bursts.pop_front();
        }
        if (top.requests___05Fvalid) {
            const uint64_t request = top.requests___05Fpayload;
            s.bursts.push_back({s.cycle + kMemoryLatency, static_cast<uint32_t>(request),
                                static_cast<uint32_t>(request >> 32) & 0xff});
        }
        if (top.writes___05Fvalid) {
            const uint32_t address = top.writes___05Fpayload[0];
            if (address >= s.memory.size()) s.memory.resize(address + address / 2 + 1024);
            s.memory[address] = static_cast<uint64_t>(top.writes___05Fpayload[2]) << 32 |
                                top.writes___05Fpayload[1];
        }
        top.clk = 1;
        top.eval();
        s.trace.clocked(s.cycle);
    }
    *taken = in;
    *given = out;
}

}  // extern "C"
