"""A Nexus' clock goes through its buffer, at the place and by the way that a register's took."""

import pytest

from proofmill.boards.nexus_clock import lay_clock, way_of
from proofmill.boards.tools import ToolError

PLACE = "X87/Y28/DCC_R1"


def cell(kind, **wires):
    outputs = {"O", "Q"}
    return {"type": kind, "parameters": {}, "attributes": {},
            "port_directions": {port: "output" if port in outputs else "input" for port in wires},
            "connections": wires}


def design():
    """Two registers, one of which reads the clock as what it keeps, behind pads."""
    return {"ports": {"clk": {"direction": "input", "bits": [2]},
                      "rx": {"direction": "input", "bits": [3]}},
            "cells": {"clock_pad": cell("IB", I=[2], O=[4]), "pad": cell("IB", I=[3], O=[5]),
                      "first": cell("FD1P3IX", CK=[4], D=[5], Q=[6]),
                      "second": cell("FD1P3IX", CK=[4], D=[4], Q=[7])},
            "netnames": {name: {"hide_name": 0, "bits": bits, "attributes": {}}
                         for name, bits in {"clk": [2], "rx": [3], "inside": [4], "pair": [6, 7],
                                            "taken": [5], "mixed": [4, "x"]}.items()}}


def routed(way="pin;;1;wire;pip;1"):
    return {"cells": {"buffer": cell("DCC", CLKI=[4], O=[8])
                      | {"attributes": {"NEXTPNR_BEL": PLACE}}},
            "netnames": {"inside$glb": {"bits": [8], "attributes": {"ROUTING": "far;;5"}},
                         "inside": {"bits": [4], "attributes": {"ROUTING": way}}}}


def test_the_way_is_that_of_the_buffers_input_and_is_locked():
    assert way_of(routed()) == (PLACE, "pin;;5;wire;pip;5")


@pytest.mark.parametrize("module,said", [
    ({"cells": {}, "netnames": {}}, "by 0 buffers, not by one"),
    (routed(way=" "), "no way from the clock's pin"),
])
def test_what_says_no_way_is_refused(module, said):
    with pytest.raises(ToolError, match=said):
        way_of(module)


def test_all_that_read_the_clock_read_the_buffer():
    module = design()
    lay_clock(module, PLACE, "way")
    buffer, = (found for found in module["cells"].values() if found["type"] == "DCC")
    behind, = buffer["connections"]["CLKO"]
    assert behind == 8  # of no other wire
    assert buffer["attributes"] == {"BEL": PLACE}
    assert buffer["connections"]["CLKI"] == module["cells"]["clock_pad"]["connections"]["O"] == [4]
    assert module["cells"]["first"]["connections"] == {"CK": [behind], "D": [5], "Q": [6]}
    assert module["cells"]["second"]["connections"] == {"CK": [behind], "D": [behind], "Q": [7]}
    assert module["cells"]["pad"] == design()["cells"]["pad"]
    assert {name: net["attributes"].get("ROUTING") for name, net in module["netnames"].items()
            if net["attributes"]} == {"inside": "way"}


def test_a_clock_that_comes_from_no_pad_is_refused():
    module = design()
    del module["cells"]["clock_pad"]
    with pytest.raises(ToolError, match="0 pads at its clock's pin, not one"):
        lay_clock(module, PLACE, "way")
