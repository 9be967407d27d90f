"""Write a component as SystemVerilog that simulators and synthesisers read alike."""

import re

from amaranth._toolchain.yosys import find_yosys
from amaranth.back import rtlil

ZERO_INITIALISATION = re.compile(
    r"^ *cell \$meminit_v2 [^\n]*\n(?:(?!^ *end\n)[^\n]*\n)*? *connect \\DATA \d+'0+\n"
    r"(?:(?!^ *end\n)[^\n]*\n)*?^ *end\n", re.MULTILINE)
"""A memory's initial contents where they are all zero."""

INTERNAL = re.compile(r"^ *attribute \\(?:generator|top|enum_base_type|enum_value_\w+) .*\n",
                      re.MULTILINE)
"""What Amaranth notes for itself. All other attributes, like a memory's ``ram_style``, are for
whoever reads the Verilog."""

EMPTY = re.compile(r"(?:^ *attribute .*\n)*^ *wire width 0 (?:.* )?(?P<name>\\\S+)\n", re.MULTILINE)
"""A wire of no bits, which Verilog has not: ``[-1:0]`` has two."""

DECLARED = re.compile(
    r"^(?:module| *memory .*| *wire width \d+(?P<port> (?:input|output|inout) \d+ )?| *cell \S+)"
    r" \\(?P<name>\S+)$", re.MULTILINE)
"""A name of a module, memory, wire or instance."""

NOTES = re.compile(r"^ *\(\* (?:init|full_case|parallel_case) = .*? \*\)\n", re.MULTILINE)
"""What Yosys notes for itself; registers say their initial values themselves."""

STANDARD_CLASSES = {"mailbox", "process", "semaphore"}
"""Classes of SystemVerilog's own package `std`, which a wire of that name would hide."""

WATCHED = re.compile(r"^  always @\(posedge \w+\) begin\n(?:    .*\n)*  end\n", re.MULTILINE)
"""A contract of `hdl.contracts`: Yosys writes registers as ``always_ff``."""

MODULE_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)

NAME = r"(?:\\\S+|[A-Za-z_]\w*)"
"""A name of Verilog; one that begins with a backslash ends at the first space."""

REGISTER = re.compile(
    rf"^  always_ff @\(posedge clk\)\n    (?P<register>{NAME}) *<= (?P<next>{NAME}) *;\n",
    re.MULTILINE)
"""A register that takes on whatever its next value is."""

NEXT_VALUE = re.compile(
    rf"^  always_comb begin\n(?P<body>    (?P<next>{NAME}) *(?:\[[\d:]+\] *)?= .*?)^  end\n",
    re.MULTILINE | re.DOTALL)
"""A block that begins with an assignment, as those do that compute a register's next value."""


COMPUTED = re.compile(r"^  always_comb begin\n(?P<body>.*?)^  end\n", re.MULTILINE | re.DOTALL)
"""A block that computes one value; Amaranth gives every value a block of its own."""

ASSIGNED = re.compile(rf"^ +(?P<target>{NAME}) *(?P<part>\[[\d:]+\])? *= ", re.MULTILINE)
"""An assignment in a block, to all of a value or to a part: ``[7:4]``, ``[3]``."""

DECLARED_REGISTER = re.compile(
    rf"^  reg (?P<width>\[\d+:\d+\] )?(?P<name>{NAME}) *(?:=[^;]*)?;$", re.MULTILINE)
"""A variable of a module."""


def emit_verilog(component, name: str) -> str:
    """Return `component` as SystemVerilog, its top module called `name`.

    Ports are named by the signature, nesting joined with ``__``; ``clk`` and ``rst`` come with
    the first synchronous register. Names inside are words too, see `plain_names`.
    `amaranth.back.verilog.convert` would write ``always @*``, which Icarus leaves at X for outputs
    that never change (amaranth issue 1629); ``-sv`` writes ``always_comb``, which starts by itself;
    that it comes to rest there too is `for_every_simulator`'s doing.
    What watches a contract (`hdl.contracts`) is left out where a tool says that it synthesises.
    The text depends on the component alone (no source positions), so its hash names the gateware.

    A memory of zeros comes without initial contents, which would be one line of Verilog for each
    of its words: nothing here reads a word it has not written, and what has to be empty (the
    mailboxes' flags) is cleared after reset.

    Raises ValueError where `name` is not one of Verilog.
    """
    if not MODULE_NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot name a Verilog module: take letters, digits and "
                         "underscores, and no digit first")
    text = ZERO_INITIALISATION.sub("", rtlil.convert(component, name=name, emit_src=False))
    text = plain_names(without_empty_wires(INTERNAL.sub("", text)), name)
    yosys = find_yosys(lambda version: version >= (0, 40))
    # Yosys warns that not all processes can be written as Verilog; Amaranth emits only those
    # that can, and its own back end silences this warning in the same way.
    verilog = yosys.run(["-q", "-"], "\n".join([
        f"read_rtlil <<rtlil\n{text}\nrtlil",
        "proc -nomux -norom",
        "memory_collect",
        "write_verilog -sv -norename",
    ]), ignore_warnings=True)
    verilog = WATCHED.sub(lambda found: f"`ifndef SYNTHESIS\n{found[0]}`endif\n",
                          NOTES.sub("", verilog))
    return "".join(map(clocked, modules_of(verilog)))


def modules_of(verilog: str) -> list[str]:
    """The modules of a text, one after another."""
    return re.split(r"(?<=\nendmodule\n)", verilog)


def for_every_simulator(verilog: str) -> str:
    """The same gateware for simulators that wake readers at each assignment: see `settled`.

    Verilator, which orders blocks beforehand, runs this text about 7 % more slowly, so
    ``--device rtl`` compiles what `emit_verilog` gives.
    """
    return "".join(map(settled, modules_of(verilog)))


def without_empty_wires(text: str) -> str:
    """RTLIL without its wires of no bits; nothing but such ports is connected to them."""
    empty = {found["name"] for found in EMPTY.finditer(text)}
    if not empty:
        return text
    names = "|".join(map(re.escape, sorted(empty)))
    return re.sub(rf"^ *connect (?:{names}) \{{ *\}}\n", "", EMPTY.sub("", text),
                  flags=re.MULTILINE)


def plain_names(text: str, top: str) -> str:
    """RTLIL whose names are words as they stand: ``a.b[1]`` becomes ``a__b__1``.

    Amaranth calls the parts of a layout's value `x` ``x.a`` or ``x[1]``, and modules by their
    paths; it tells names apart by ``$1``. They are aliases, but Yosys calls bit 1 of a wire `x`
    that it takes apart ``x[1]`` too, and then drives it twice (YosysHQ/yosys issue 4349). Other
    tools want such names escaped.
    What the ports of module `top` are called stays.
    """
    taken = {found["name"] for found in DECLARED.finditer(text)}
    begin = re.search(rf"^module \\{top}$", text, re.MULTILINE).start()
    end = text.index("\nend\n", begin)
    kept = {found["name"] for found in DECLARED.finditer(text, begin, end) if found["port"]}
    plain: dict[str, str] = {}
    for name in sorted(taken - kept):
        word = re.sub(r"\[(\d+)\]", r"__\1", name).replace(".", "__").replace("$", "_")
        if word in STANDARD_CLASSES:
            word += "_"
        if word == name:
            continue
        while word in taken:
            word += "_"
        taken.add(word)
        plain[name] = word
    # A memory's name stands in strings as well, with its backslash doubled.
    return re.sub(r'(\\{1,2})([^\s\\"]+)',
                  lambda found: found[1] + plain.get(found[2], found[2]), text)


def clocked(module: str) -> str:
    """Move the next values of a module's registers into their clocked blocks.

    Amaranth writes a register as two blocks, one that computes its next value all the time and
    one that takes it over::

        always_comb begin            always_ff @(posedge clk) begin
          next = value;                if (enable) begin
          if (enable) begin              value <= wide;
            next = wide;        ─►     end
          end                        end
        end
        always_ff @(posedge clk)
          value <= next;

    They become one, as people write it. For a simulator that is another design: what stands
    under a condition is computed where it holds, and nothing has to be computed again because an
    input like the reset might have changed. Verilator runs the accelerator 1.5 times as fast.
    Only next values that are used nowhere else are moved.
    """
    blocks = {block["next"]: block for block in NEXT_VALUE.finditer(module)}
    for register in REGISTER.finditer(module):
        name, block = register["next"], blocks.get(register["next"])
        if block is None:
            continue
        word = _word(name)
        assigned = re.compile(
            rf"^( *){re.escape(name)} *((?:\[[\d:]+\])?) *= (?P<value>.*)$", re.MULTILINE)
        values = [found["value"] for found in assigned.finditer(block["body"])]
        inside = len(word.findall(block["body"]))
        if inside != len(values) or len(word.findall(module)) != inside + 2:
            continue  # read in the block, or outside of it besides its declaration
        body = assigned.sub(
            lambda found, to=register["register"]: f"{found[1]}{to} {found[2]} <= {found[3]}",
            block["body"])
        kept = re.escape(register["register"])
        body = re.sub(rf"\A    {kept} +<= {kept} *;\n", "", body)
        module = module.replace(block[0], "").replace(
            register[0], f"  always_ff @(posedge clk) begin\n{body}  end\n")
        module = re.sub(rf"^  reg (?:\[[\d:]+\] )?{re.escape(name)} *;\n", "", module, count=1,
                        flags=re.MULTILINE)
    return module


def settled(module: str) -> str:
    """Give the values that a module computes to others only once they are settled.

    A block sets its value to a default and then, under conditions, to something else. A simulator
    that wakes the value's readers at each assignment, as Icarus does, and two blocks that read
    other parts of each other's values, as it takes any part for all of them, then go on for ever
    at time 0 although nothing changes in the end (steveicarus/iverilog issue 1145)::

        always_comb begin            always_comb begin : settle_1
          value = 0;                   reg [7:0] settled;
          if (enable) begin            settled = 0;
            value = wide;        ─►    if (enable) begin
          end                            settled = wide;
        end                            end
                                       value = settled;
                                     end
    """
    widths = {found["name"]: found["width"] or "" for found in DECLARED_REGISTER.finditer(module)}
    count, own = 0, "settled"
    while _word(own).search(module):  # the design may have a value of that name
        own += "_"

    def once(block: re.Match[str]) -> str:
        nonlocal count
        count += 1
        assigned = list(ASSIGNED.finditer(block["body"]))
        if not assigned:  # a choice among one value leaves such
            return ""
        target = assigned[0]["target"]
        # Other parts are another block's.
        parts = sorted({found["part"] or "" for found in assigned})
        given = "".join(f"    {target} {part} = {own}{part};\n" for part in (
            [""] if "" in parts else parts))
        body = _word(target).sub(own, block["body"])
        return (f"  always_comb begin : settle_{count}\n    reg {widths[target]}{own};\n{body}"
                f"{given}  end\n")

    return COMPUTED.sub(once, module)


def _word(name: str) -> re.Pattern[str]:
    """Where `name` stands as a whole word."""
    end = r"(?=\s)" if name.startswith("\\") else r"(?![\w$])"
    return re.compile(rf"(?<![\w$.\\]){re.escape(name)}{end}")
