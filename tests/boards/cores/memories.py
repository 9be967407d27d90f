"""Block memories of each family as synthesis uses them here: Yosys has only their ports.

Each is an array behind two ports of one width (`ARRAY`), and what its vendor calls those ports and
its contents. What is asked of one beyond that is X, and so is what its vendor does not promise: a
word that one port reads while the other writes it.
"""

from collections.abc import Iterable, Sequence
from functools import partial

ARRAY = """`default_nettype none
// 2 ** BITS words of WIDTH bits, whose bytes are of BYTE bits. A port that writes a word reads it
// as it was (READS 0), as it becomes (1), or keeps what it read before (2). A word that the other
// port writes at the same edge is read as it was where that is promised (OLD), else as X.
module two_ports #(
    parameter WIDTH = 9, BITS = 11, BYTE = 9, READS_A = 2, READS_B = 2, OLD_A = 0, OLD_B = 0,
    parameter BYTES = (WIDTH + BYTE - 1) / BYTE, PART = WIDTH / BYTES,
    parameter [(WIDTH << BITS) - 1:0] INIT = 0
  ) (
    input clk_a, en_a, x_a, input [BYTES-1:0] we_a, input [BITS-1:0] at_a, input [WIDTH-1:0] d_a,
    input clk_b, en_b, x_b, input [BYTES-1:0] we_b, input [BITS-1:0] at_b, input [WIDTH-1:0] d_b,
    output reg [WIDTH-1:0] q_a, q_b);
  reg [WIDTH-1:0] words[0:(1 << BITS) - 1];
  integer n;
  initial begin
    q_a = 0; q_b = 0;
    for (n = 0; n < 1 << BITS; n = n + 1) words[n] = INIT[n * WIDTH +: WIDTH];
  end
  wire same = en_a && en_b && at_a == at_b;
"""

PORT = """
  integer {p};
  always @(posedge clk_{p}) begin
    if (en_{p}) begin
      for ({p} = 0; {p} < BYTES; {p} = {p} + 1)
        if (we_{p}[{p}]) words[at_{p}][{p} * PART +: PART] <= d_{p}[{p} * PART +: PART];
      if (READS_{P} == 0 || we_{p} == 0) q_{p} <= words[at_{p}];
      else if (READS_{P} == 1)
        for ({p} = 0; {p} < BYTES; {p} = {p} + 1)
          q_{p}[{p} * PART +: PART] <= we_{p}[{p}] ? d_{p}[{p} * PART +: PART]
                                                   : words[at_{p}][{p} * PART +: PART];
      if (same && we_{o} != 0 && (!OLD_{P} || we_{p} != 0)) q_{p} <= {{WIDTH{{1'bx}}}};
    end
    if (x_{p}) q_{p} <= {{WIDTH{{1'bx}}}};
  end
"""

PLACES = [f"{n:02X}" for n in range(128)]
"""How the parameters of a block's contents are numbered."""


def joined(parts: Iterable[str]) -> str:
    """Wires or values as one, the first as the lowest."""
    return f"{{{', '.join(reversed(list(parts)))}}}"


def array() -> str:
    """The array."""
    ports = (PORT.format(p=p, P=p.upper(), o=o) for p, o in ("ab", "ba"))
    return ARRAY + "".join(ports) + "endmodule\n"


def shift(width: str) -> str:
    """Bits of an address below a word's: an address counts bits, parity left out."""
    return (f"({width} >= 64 ? 6 : {width} >= 32 ? 5 : {width} >= 16 ? 4 : {width} >= 8 ? 3 : "
            f"{width} >> 1)")


def widths(a: str, b: str, bits: int) -> str:
    """The array's width; a block whose ports are of two is no module that there is. `bits`: of an
    address."""
    return f"""
  localparam WIDTH_A = {a}, WIDTH_B = {b}, WIDTH = WIDTH_A == 0 ? WIDTH_B : WIDTH_A;
  localparam SHIFT = {shift("WIDTH")}, BITS = {bits} - SHIFT, BYTE = WIDTH % 9 == 0 ? 9 : 8;
  localparam BYTES = (WIDTH + BYTE - 1) / BYTE;
  generate if (WIDTH_A != WIDTH && WIDTH_A != 0 || WIDTH_B != WIDTH && WIDTH_B != 0)
    ports_of_two_widths_are_not_described wrong();
  endgenerate"""


def contents(values: list[str], lies: list[int], byte: int) -> str:
    """The array's contents, from those of a block: `values` are its parameters, in each of which a
    byte of 9 bits, or of 8 for `byte` 8, begins at bit `lies`. Words of 1, 2, 4 or 8 bits leave the
    ninth bits out."""
    whole = joined(f"{value}[{at} +: {byte}]" for value in values for at in lies)
    short = joined(f"{value}[{at} +: 8]" for value in values for at in lies)
    if byte == 8:
        return f"\n  localparam [(WIDTH << BITS) - 1:0] INIT = {short};"
    return f"\n  localparam [(WIDTH << BITS) - 1:0] INIT = WIDTH % 9 == 0 ? {whole} : {short};"


def instance(ports: dict[str, dict[str, str]], x: str, reads: tuple[str, str],
             old: tuple[str, str] = ("0", "0")) -> str:
    """The array in a block. `ports` says what each port's inputs are, of those that it has; `x` is
    what both are asked that is not described here."""
    unused = {"clk": "1'b0", "en": "1'b0", "x": "1'b0", "we": "{BYTES{1'b0}}",
              "at": "{BITS{1'b0}}", "d": "{WIDTH{1'b0}}"}
    lines = []
    for p in "ab":
        given = unused | ports.get(p, {})
        given["x"] = f"{given['x']} || {x}"
        lines += [f".{name}_{p}({value})" for name, value in given.items()]
    outputs = ", ".join(f".q_{p}(q_{p})" for p in "ab")
    return f"""
  wire [WIDTH-1:0] q_a, q_b;
  two_ports #(.WIDTH(WIDTH), .BITS(BITS), .BYTE(BYTE), .INIT(INIT), .READS_A({reads[0]}),
              .READS_B({reads[1]}), .OLD_A({old[0]}), .OLD_B({old[1]})) array(
    {', '.join(lines)}, {outputs});"""


def module(name: str, parameters: list[str], ports: list[str], body: str) -> str:
    """A block."""
    all_parameters = ", ".join(f"parameter {each}" for each in parameters)
    return (f"module {name} #(\n    {all_parameters}\n  ) (\n    {', '.join(ports)});{body}\n"
            "endmodule\n")


def enables(write: str, address: str) -> str:
    """A port's byte enables, which are the lowest bits of an address wherever a word has several
    bytes."""
    return f"{{BYTES{{{write}}}}} & (BYTES == 1 ? 4'b1 : {address})"


def ecp5() -> str:
    """Lattice's DP16KD, also with both ports' wires as one of 36 bits."""
    initial = [f"INITVAL_{n}" for n in PLACES[:64]]
    wires = {f"{kind}{p}": [f"{kind}{p}{n}" for n in range(count)]
             for p in "AB" for kind, count in (("AD", 14), ("DI", 18), ("DO", 18), ("CS", 3))}
    ports = [f"{'output' if name.startswith('DO') else 'input'} {', '.join(each)}"
             for name, each in wires.items()]
    ports.append("input " + ", ".join(f"{kind}{p}" for p in "AB"
                                      for kind in ("CLK", "WE", "CE", "OCE", "RST")))
    one = {name: joined(each) for name, each in wires.items()}
    body = widths("DATA_WIDTH_A", "DATA_WIDTH_B", 14) + contents(
        initial, [20 * n + 9 * half for n in range(16) for half in range(2)], 9)
    body += f"""
  wire [13:0] at_a = {one["ADA"]}, at_b = {one["ADB"]};
  wire [35:0] d = {{{one["DIB"]}, {one["DIA"]}}};
  wire described = REGMODE_A == "NOREG" && REGMODE_B == "NOREG" && CSDECODE_A == "0b000"
    && CSDECODE_B == "0b000" && CLKAMUX == "CLKA" && CLKBMUX == "CLKB";""" + instance(
        {p: {"clk": f"CLK{p.upper()}", "en": f"CE{p.upper()} && {one[f'CS{p.upper()}']} == 0",
             "x": f"RST{p.upper()}", "we": enables(f"WE{p.upper()}", f"at_{p}[3:0]"),
             "at": f"at_{p}[13:SHIFT]",
             "d": "d" if p == "a" else "d[35:18]"} for p in "ab"},
        "!described", tuple(
            f'(WRITEMODE_{p} == "NORMAL" ? 2 : WRITEMODE_{p} == "WRITETHROUGH" ? 1 : 0)'
            for p in "AB"))
    body += f"""
  wire [35:0] q = WIDTH == 36 ? q_b : {{q_b, {{18 - (WIDTH == 36 ? 0 : WIDTH){{1'b0}}}}, q_a}};
  assign {one["DOA"]} = WIDTH == 36 ? q_b[17:0] : q_a;
  assign {one["DOB"]} = WIDTH == 36 ? q_b >> 18 : q_b;"""
    return module("DP16KD", [
        *(f"[319:0] {name} = 0" for name in initial), "DATA_WIDTH_A = 18", "DATA_WIDTH_B = 18",
        *(f'{kind}_{p} = "{value}"' for p in "AB" for kind, value in (
            ("REGMODE", "NOREG"), ("CSDECODE", "0b000"), ("WRITEMODE", "NORMAL"))),
        'CLKAMUX = "CLKA"', 'CLKBMUX = "CLKB"', 'RESETMODE = "SYNC"',
        'ASYNC_RESET_RELEASE = "SYNC"', 'GSR = "ENABLED"'], ports, body)


VALUE = """
  function [319:0] value(input [655:0] text);
    integer n;
    for (n = 0; n < 80; n = n + 1)
      value[n * 4 +: 4] = text[n * 8 +: 8] - (text[n * 8 + 6] ? 87 : 48);
  endfunction"""
"""What a text like 0x01ab says."""


def nexus() -> str:
    """Lattice's PDPSC16K, one port to write and one to read, and DP16K."""
    initial = [f"INITVAL_{n}" for n in PLACES[:64]]
    zero = '"0x' + "0" * 80 + '"'
    text = ""
    for name, (a, b), own in (
            ("PDPSC16K", "WR", ["input CLK, CEW, CER, RST, input [2:0] CSW, CSR",
                                "input [13:0] ADW, ADR", "input [35:0] DI", "output [35:0] DO"]),
            ("DP16K", "AB", ["input CLKA, CLKB, CEA, CEB, WEA, WEB, RSTA, RSTB",
                             "input [2:0] CSA, CSB", "input [13:0] ADA, ADB",
                             "input [17:0] DIA, DIB", "output [17:0] DOA, DOB"])):
        body = VALUE + "".join(f"\n  localparam [319:0] GIVEN_{n} = value(INITVAL_{n});"
                               for n in PLACES[:64])
        number = " : ".join(f'DATA_WIDTH_{{p}} == "X{n}" ? {n}' for n in (1, 2, 4, 9, 18))
        given = [f"({number.format(p=p)} : 36)" for p in (a, b)]
        if name == "PDPSC16K":
            # One that is only read has some width for what is never written.
            body += f"\n  localparam OTHER = {given[0]} != {given[1]};"
            given[0] = f"(OTHER ? 0 : {given[0]})"
        body += widths(*given, 14)
        body += contents([f"GIVEN_{n}" for n in PLACES[:64]], [10 * n for n in range(32)], 9)
        if name == "DP16K":
            described = 'OUTREG_A == "BYPASSED" && OUTREG_B == "BYPASSED"'
            body += instance({p.lower(): {
                "clk": f"CLK{p}", "en": f"CE{p} && &CS{p}", "x": f"RST{p}",
                "we": enables(f"WE{p}", f"AD{p}[3:0]"), "at": f"AD{p}[13:SHIFT]", "d": f"DI{p}",
            } for p in "AB"}, f"!({described})", ("2", "2"))
            body += "\n  assign DOA = q_a, DOB = q_b;"
        else:
            body += """
  reg overwritten = 0;
  always @(posedge CLK) if (OTHER && CEW && &CSW) overwritten <= 1;"""
            body += instance({
                "a": {"clk": "CLK", "en": "CEW && &CSW && !OTHER", "at": "ADW[13:SHIFT]",
                      "we": enables("1'b1", "ADW[3:0]"), "d": "DI"},
                "b": {"clk": "CLK", "en": "CER && &CSR", "x": "RST", "at": "ADR[13:SHIFT]"},
            }, '!(OUTREG == "BYPASSED" && ECC == "DISABLED") || overwritten', ("2", "2"),
                ("0", "1"))
            body += "\n  assign DO = q_b;"
        decode = [f'{kind}_{p} = "{value}"' for p in (a, b) for kind, value in (
            ("DATA_WIDTH", "X36" if name == "PDPSC16K" else "X18"), ("CSDECODE", "111"))]
        modes = ["", ""] if name == "PDPSC16K" else ["_A", "_B"]
        text += module(name, [
            *(f"{each} = {zero}" for each in initial), *decode, 'GSR = "DISABLED"',
            'ECC = "DISABLED"', *dict.fromkeys(
                f'{kind}{mode} = "{value}"' for mode in modes for kind, value in (
                    ("OUTREG", "BYPASSED"), ("RESETMODE", "SYNC"), ("ASYNC_RST_RELEASE", "SYNC"))),
        ], own, body)
    return text


def gowin(resets: Sequence[str]) -> str:
    """Gowin's blocks of one port (SP, SPX9), of one to write and one to read (SDPB, SDPX9B), and of
    two (DPB, DPX9B); an X9 has ninth bits. `resets`: of those of two kinds of ports, the last
    of them for what is read."""
    text = ""
    for ninth in (False, True):
        byte = 9 if ninth else 8
        initial = [f"INIT_RAM_{n}" for n in PLACES[:64]]
        begins = contents(initial, [byte * n for n in range(32)], byte)
        body = widths("BIT_WIDTH_0", "BIT_WIDTH_1", 14) + begins
        all_blocks = [*(f"[{32 * byte - 1}:0] {name} = 0" for name in initial),
                      'RESET_MODE = "SYNC"']
        text += module(
            "SPX9" if ninth else "SP",
            [*all_blocks, f"BIT_WIDTH = {4 * byte}", "BLK_SEL = 3'b0", "READ_MODE = 1'b0",
             "WRITE_MODE = 0"],
            ["input CLK, CE, OCE, RESET, WRE", "input [13:0] AD", "input [2:0] BLKSEL",
             f"input [{4 * byte - 1}:0] DI", f"output [{4 * byte - 1}:0] DO"],
            widths("BIT_WIDTH", "0", 14) + begins + instance({
                "a": {"clk": "CLK", "at": "AD[13:SHIFT]", "en": "CE && BLKSEL == BLK_SEL",
                      "we": enables("WRE", "AD[3:0]"), "d": "DI", "x": "RESET"}},
                "READ_MODE != 0", ("2 - WRITE_MODE", "2"))
            + "\n  assign DO = q_a;")
        common = [*all_blocks,
                  *(f"{kind}_{n} = {value}" for n in range(2) for kind, value in (
                      ("BIT_WIDTH", 2 * byte), ("BLK_SEL", "3'b0")))]
        selected = "BLKSEL{0} == BLK_SEL_{1}"
        inputs = {p: {"clk": f"CLK{p}", "at": f"AD{p}[13:SHIFT]",
                      "en": f"CE{p} && " + selected.format(p, n)} for n, p in enumerate("AB")}
        text += module(
            "SDPX9B" if ninth else "SDPB", [*common, "READ_MODE = 1'b0"],
            [f"input CLKA, CEA, CLKB, CEB, OCE, {', '.join(resets)}", "input [13:0] ADA, ADB",
             "input [2:0] BLKSELA, BLKSELB", f"input [{4 * byte - 1}:0] DI",
             f"output [{4 * byte - 1}:0] DO"],
            body + instance({
                "a": inputs["A"] | {"we": enables("1'b1", "ADA[3:0]"), "d": "DI"},
                "b": inputs["B"] | {"x": resets[-1]}}, "READ_MODE != 0", ("2", "2"))
            + "\n  assign DO = q_b;")
        text += module(
            "DPX9B" if ninth else "DPB",
            [*common, *(f"{kind}_MODE{n} = 0" for n in range(2) for kind in ("READ", "WRITE"))],
            ["input CLKA, CLKB, CEA, CEB, OCEA, OCEB, RESETA, RESETB, WREA, WREB",
             "input [13:0] ADA, ADB", "input [2:0] BLKSELA, BLKSELB",
             f"input [{2 * byte - 1}:0] DIA, DIB", f"output [{2 * byte - 1}:0] DOA, DOB"],
            body + instance({p.lower(): inputs[p] | {
                "we": enables(f"WRE{p}", f"AD{p}[3:0]"), "d": f"DI{p}", "x": f"RESET{p}"}
                for p in "AB"}, "READ_MODE0 != 0 || READ_MODE1 != 0",
                tuple(f"2 - WRITE_MODE{n}" for n in range(2)))
            + "\n  assign DOA = q_a, DOB = q_b;")
    return text


def xilinx() -> str:
    """AMD's RAMB18E2 and RAMB36E2, also with both ports' wires as one of twice the width."""
    text = ""
    for name, data, bits, count in (("RAMB18E2", 16, 14, 64), ("RAMB36E2", 32, 15, 128)):
        parity = data // 8
        values = [f"INIT_{n}" for n in PLACES[:count]]
        ninths = [f"INITP_{n}" for n in PLACES[:count // 8]]
        bytes_ = [(f"INITP_{PLACES[k // 8]}[{k % 8 * 32 + n}]", f"INIT_{PLACES[k]}[{8 * n} +: 8]")
                  for k in range(count) for n in range(32)]
        body = widths("(WRITE_WIDTH_A > READ_WIDTH_A ? WRITE_WIDTH_A : READ_WIDTH_A)",
                      "(WRITE_WIDTH_B > READ_WIDTH_B ? WRITE_WIDTH_B : READ_WIDTH_B)", bits)
        whole = joined(f"{{{ninth}, {byte}}}" for ninth, byte in bytes_)
        short = joined(byte for _, byte in bytes_)
        body += f"\n  localparam [(WIDTH << BITS) - 1:0] INIT = WIDTH % 9 == 0 ? {whole} : {short};"
        wide = 9 * parity
        for p in "AB":
            given = joined(f"DINP{p}DINP[{n}], DIN{p}DIN[{8 * n} +: 8]" for n in range(parity))
            body += (f"\n  wire [{wide - 1}:0] d_{p.lower()} = WIDTH % 9 == 0 ? {given} : "
                     f"DIN{p}DIN;")
        body += instance({
            "a": {"clk": "CLKARDCLK", "en": "ENARDEN", "x": "RSTRAMARSTRAM", "we": "WEA",
                  "at": f"ADDRARDADDR[{bits - 1}:SHIFT]", "d": "d_a"},
            "b": {"clk": "CLKBWRCLK", "en": "ENBWREN", "x": "RSTRAMB", "we": "WEBWE",
                  "at": f"ADDRBWRADDR[{bits - 1}:SHIFT]",
                  "d": f"WIDTH > {wide} ? {{d_b, d_a}} : d_b"}},
            "DOA_REG != 0 || DOB_REG != 0 || SLEEP", tuple(
                f'(WRITE_MODE_{p} == "NO_CHANGE" ? 2 : WRITE_MODE_{p} == "WRITE_FIRST" ? 1 : 0)'
                for p in "AB"),
            ('WRITE_MODE_B == "READ_FIRST"', 'WRITE_MODE_A == "READ_FIRST"'))
        for p, q in (("A", "q_a"), ("B", f"(WIDTH > {wide} ? q_a >> {wide} : q_b)")):
            body += f"\n  wire [{wide - 1}:0] o_{p} = {q};"
            body += f"\n  assign DOUT{p}DOUT = WIDTH % 9 == 0 ? " + joined(
                f"o_{p}[{9 * n} +: 8]" for n in range(parity)) + f" : o_{p};"
            body += f"\n  assign DOUTP{p}DOUTP = " + joined(
                f"o_{p}[{9 * n + 8}]" for n in range(parity)) + ";"
        text += module(name, [
            *(f"[255:0] {each} = 0" for each in (*values, *ninths)),
            *(f"{kind}_{p} = {value}" for p in "AB" for kind, value in (
                ("READ_WIDTH", 0), ("WRITE_WIDTH", 0), ("WRITE_MODE", '"NO_CHANGE"'),
                ("INIT", "36'b0"), ("SRVAL", "36'b0"))), "DOA_REG = 1", "DOB_REG = 1"],
            ["input CLKARDCLK, CLKBWRCLK, ENARDEN, ENBWREN, REGCEAREGCE, REGCEB, ADDRENA, ADDRENB",
             "input RSTRAMARSTRAM, RSTRAMB, RSTREGARSTREG, RSTREGB, SLEEP",
             f"input [{bits - 1}:0] ADDRARDADDR, ADDRBWRADDR",
             f"input [{parity - 1}:0] WEA, DINPADINP, DINPBDINP",
             f"input [{2 * parity - 1}:0] WEBWE",
             f"input [{data - 1}:0] DINADIN, DINBDIN",
             f"output [{data - 1}:0] DOUTADOUT, DOUTBDOUT",
             f"output [{parity - 1}:0] DOUTPADOUTP, DOUTPBDOUTP"], body)
    return text


BLOCKS = {"ecp5-85f": ecp5, "nexus": nexus, "gw5a": partial(gowin, ["RESET"]),
          "gw2a": partial(gowin, ["RESETA", "RESETB"]), "xcup": xilinx}
"""Of families whose blocks Yosys does not describe."""


def memories(family: str) -> str:
    """The block memories of a family; "" where Yosys describes them."""
    return array() + BLOCKS[family]() if family in BLOCKS else ""
