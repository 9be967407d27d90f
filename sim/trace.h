// A waveform of some of a simulation's cycles, as a value change dump; included by the harnesses.
//
// Where Verilator was not asked for tracing (VM_TRACE) all of it is empty and costs nothing.
// A cycle is 10 ns: in its first half its inputs and what follows from them are settled, in the
// middle is the clock's edge, as in sim/waves.py.

#pragma once

#include <cstdint>
#include <memory>

#include "verilated.h"

#if VM_TRACE
#include "verilated_vcd_c.h"
#endif

namespace {

// The context, told before there is a model that it may be traced.
VerilatedContext* traced(VerilatedContext* context) {
#if VM_TRACE
    context->traceEverOn(true);
#endif
    return context;
}

struct Trace {
#if VM_TRACE
    static constexpr uint64_t kPeriod = 10;
    std::unique_ptr<VerilatedVcdC> file;
    uint64_t first = 0, last = 0;

    template <typename Top>
    int open(Top& top, const char* path, uint64_t from, uint64_t to) {
        first = from;
        last = to;
        file.reset(new VerilatedVcdC);
        file->set_time_unit("1ns");
        file->set_time_resolution("1ns");
        top.trace(file.get(), 99);
        file->open(path);
        return !file->isOpen();
    }

    void settled(uint64_t cycle) {
        if (file && cycle >= first && cycle <= last) file->dump(cycle * kPeriod);
    }

    void clocked(uint64_t cycle) {
        if (!file || cycle < first || cycle > last) return;
        if (cycle < last) return file->dump(cycle * kPeriod + kPeriod / 2);
        file->close();  // long before the simulation's end, and whole if that is killed
        file.reset();
    }
#else
    template <typename Top>
    int open(Top&, const char*, uint64_t, uint64_t) {
        return 1;
    }
    void settled(uint64_t) {}
    void clocked(uint64_t) {}
#endif
};

}  // namespace
