"""The memory beside an accelerator, for cocotb benches: it writes, answers in order, and stalls."""

from cocotb.triggers import RisingEdge

from proofmill.hdl.commands import WORD, unpack
from proofmill.hdl.fetcher import REQUEST, WRITE
from tests.cocotb_streams import Stream


async def memory(dut, words, rng, pause):
    """Serve `dut`'s ports "requests", "points" and, where it has them, "writes", for ever.

    `words` holds the contents, a word an address; as many come at a time as the port has.
    """
    port = len(dut.points__payload) // WORD
    wanted, offered = [], False
    requests, points = Stream(dut, "requests"), Stream(dut, "points")
    writes = Stream(dut, "writes") if hasattr(dut, "writes__valid") else None
    points.valid.value = 0
    while True:
        requests.ready.value = rng.random() >= pause
        if writes:
            writes.ready.value = rng.random() >= pause
        if not offered and wanted and rng.random() >= pause:
            points.payload.value = sum(words.get(wanted.pop(0), 0) << WORD * n for n in range(port))
            points.valid.value, offered = 1, True
        await RisingEdge(dut.clk)
        if offered and points.ready.value:
            points.valid.value, offered = 0, False
        if requests.ready.value and requests.valid.value:
            burst = unpack(REQUEST, requests.payload.value.to_unsigned())
            wanted += range(burst["address"], burst["address"] + burst["words"])
        if writes and writes.ready.value and writes.valid.value:
            write = unpack(WRITE, writes.payload.value.to_unsigned())
            words[write["address"]] = write["word"]
