"""Arguments, all of them checked before any work begins, and what is said of wrong ones."""

import argparse
import math
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from proofmill.host.ground.descriptors import is_ordinary, open_descriptor
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.nearest import did_you_mean

LARGEST_SEED = (1 << 64) - 1


class InputFile(str):
    """A file that is there and can be read."""


class OutputFile(str):
    """A file that can be written, in a folder that is there."""


class OutputFolder(str):
    """A folder that is there or can be made."""

ONE = "there must be at least one"
"""Of what is counted, as `whole` refuses none."""


def input_file(hint: str = "") -> Callable[[str], InputFile]:
    """Takes files that are there and can be read; `hint` says what to give."""
    def taken(text: str) -> InputFile:
        end = f"; {hint}" if hint else "; check the name"
        if os.path.isdir(text):
            raise argparse.ArgumentTypeError(f"is a folder{end if hint else '; name a file'}")
        if not os.path.exists(text):
            raise argparse.ArgumentTypeError(f"there is no file {text}{end}")
        if not os.access(text, os.R_OK):
            raise argparse.ArgumentTypeError("may not be read; change its permissions")
        return InputFile(text)

    return taken


def output_file(text: str) -> OutputFile:
    """Takes files that can be written: new ones, and those that may be replaced."""
    if (number := open_descriptor(text)) is not None:
        if not _is_written(number):
            raise argparse.ArgumentTypeError("is not open for writing; choose another place")
        return OutputFile(text)
    if os.path.isdir(text):
        raise argparse.ArgumentTypeError("is a folder; name a file in it")
    folder = Path(os.path.realpath(text)).parent
    if os.path.exists(text) and not os.path.isfile(text):  # a device, a pipe
        if not os.access(text, os.W_OK):
            raise argparse.ArgumentTypeError("may not be written; choose another place")
    elif not folder.is_dir():
        raise argparse.ArgumentTypeError(
            f"there is no folder {Path(text).parent}; make it, or choose another")
    elif not os.access(folder, os.W_OK | os.X_OK):
        raise argparse.ArgumentTypeError(
            f"the folder {Path(text).parent} may not be written to; choose another")
    if not text or text.endswith(os.sep):
        raise argparse.ArgumentTypeError("is no name of a file; give one")
    return OutputFile(text)


def _is_written(number: int) -> bool:
    """Whether this process has open file `number`, and for writing."""
    try:
        import fcntl

        return fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
    except ImportError:
        return True
    except OSError:
        return False


def output_folder(text: str) -> OutputFolder:
    """Takes folders that are there or can be made."""
    place = Path(text).absolute()
    while not place.exists():
        place = place.parent
    if not place.is_dir():
        what = "is a file" if place == Path(text).absolute() else f"{place} is a file"
        raise argparse.ArgumentTypeError(f"{what}; name a folder")
    if not os.access(place, os.W_OK | os.X_OK):
        raise argparse.ArgumentTypeError(f"the folder {place} may not be written to; choose "
                                         "another")
    return OutputFolder(text)


def whole(least: int | None = None, most: int | None = None,
          otherwise: str | None = None) -> Callable[[str], int]:
    """Takes whole numbers from `least` to `most`; `otherwise` is said of others in that range."""
    if otherwise is None:
        otherwise = (f"must be {least:,} to {most:,}" if least is not None and most is not None
                     else f"must be {least:,} or more" if least is not None
                     else "must be a whole number")

    def taken(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError("is no whole number") from None
        if (least is not None and value < least) or (most is not None and value > most):
            raise argparse.ArgumentTypeError(otherwise)
        return value

    return taken


def whole_range(most: int) -> Callable[[str], range]:
    """Takes ``A-B``, the whole numbers from A to B, at most so many."""
    def taken(text: str) -> range:
        found = re.fullmatch(r"(\d{1,9})-(\d{1,9})", text, re.ASCII)
        if found is None or int(found[2]) < int(found[1]):
            raise argparse.ArgumentTypeError("is no range; write first-last, such as 10-20")
        numbers = range(int(found[1]), int(found[2]) + 1)
        if len(numbers) > most:
            raise argparse.ArgumentTypeError(f"has {len(numbers):,} of them; {most:,} are the most")
        return numbers

    return taken


def hexadecimal(least: int, most: int, otherwise: str,
                prefixed: bool = False) -> Callable[[str], bytes]:
    """Takes `least` to `most` bytes in hexadecimal, after 0x, which may be missing unless
    `prefixed`; `otherwise` is said of all else."""
    prefix = "0x" if prefixed else "(?:0x)?"

    def taken(text: str) -> bytes:
        found = re.fullmatch(f"{prefix}((?:[0-9a-fA-F]{{2}}){{{least},{most}}})", text)
        if found is None:
            raise argparse.ArgumentTypeError(otherwise)
        return bytes.fromhex(found[1])

    return taken


def seed(text: str) -> int:
    """Takes seeds: 0 to 2^64 - 1."""
    return whole(0, LARGEST_SEED, "must be 0 to 2^64 - 1")(text)


def seed_text(text: str) -> bytes:
    """Takes any text as a seed: the 32 bytes of its SHA-256."""
    import hashlib

    return hashlib.sha256(text.encode()).digest()


def above_zero(otherwise: str) -> Callable[[str], float]:
    """Takes finite numbers above zero; `otherwise` is said of others."""
    def taken(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError("is no number") from None
        if not (math.isfinite(value) and value > 0):
            raise argparse.ArgumentTypeError(otherwise)
        return value

    return taken


def device(text: str) -> str:
    """Takes names of devices."""
    from proofmill.host.prover.devices.catalogue import DEVICES
    from proofmill.host.prover.devices.port_name import port_and_rate

    if text == "serial:PORT" or not (text in DEVICES or text.startswith("serial:")):
        raise argparse.ArgumentTypeError(unknown(text, DEVICES))
    if text.startswith("serial:"):
        try:
            port_and_rate(text.removeprefix("serial:"))
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
    return text


def serial_port(text: str) -> str:
    """Takes serial ports, with ``@BAUD`` or without."""
    return device(f"serial:{text}").removeprefix("serial:")


def unknown(value: object, choices: Iterable[object]) -> str:
    """What is said of a value that is none of `choices`: what may have been meant, and them all."""
    names = [str(choice) for choice in choices]
    near = did_you_mean(str(value), names)
    return f"there is no {value!r}{near}; choose one of {', '.join(names)}"


def name_of(action: argparse.Action) -> str:
    """How users know an argument: ``--points``, or ``CIRCUIT.zkey``."""
    if action.option_strings:
        return max(action.option_strings, key=len)
    return action.metavar if isinstance(action.metavar, str) else action.dest.upper()


class _Formatter(argparse.HelpFormatter):
    """argparse's own, of which every argument makes one, without the import of shutil and its
    compressors for the terminal's width."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=columns() - 2)

    def format_help(self) -> str:
        """The text; a list of choices that is longer than a line goes on in the next."""
        lines = super().format_help().split("\n")
        return "\n".join(part for line in lines for part in _broken(line, self._width))


def _broken(line: str, width: int) -> list[str]:
    """A line in parts of `width` characters, broken between choices alone."""
    parts, indent = [], " " * (len(line) - len(line.lstrip()) + 4)
    while len(line) > width and (end := 1 + max(
            line.rfind(bar, len(indent), width) for bar in "|,")):
        parts.append(line[:end])
        line = indent + line[end:]
    return [*parts, line]


def columns() -> int:
    """The terminal's width by the rule of `shutil.get_terminal_size`."""
    text = os.environ.get("COLUMNS", "")
    if text.isascii() and text.isdigit() and int(text):
        return int(text)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]
    except (AttributeError, ValueError, OSError):
        return 80


class Parser(argparse.ArgumentParser):
    """A parser whose every refusal is a `ProofmillError`, of one sentence.

    Numbers, names and files are checked by the types of the arguments; that no output is another
    output, or an input, is checked here.
    """

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **{"formatter_class": _Formatter, **more})

    def format_help(self) -> str:
        """The help, and examples behind it."""
        from proofmill.host.cli.examples import examples

        return super().format_help() + examples(self.prog, columns() - 2)

    def error(self, message: str) -> NoReturn:
        raise ProofmillError(f"{message}; `{self.prog} --help` shows how")

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        for text in args or ():
            if text == "--" or (self._subparsers is not None and not text.startswith("-")):
                break
            self._refuse_unknown(text)
        options, extras = super().parse_known_args(args, namespace)
        for text in extras:
            self.error(f"there is no option {text}" if text.startswith("-") else
                       f"{text!r} is one argument too many")
        self._refuse_same(options)
        return options, extras

    def _refuse_unknown(self, text: str) -> None:
        """Raise for an option that is none, before what it leaves out is missed."""
        name, known = text.partition("=")[0], list(self._option_string_actions)
        if name.startswith("--") and not any(option.startswith(name) for option in known):
            near = did_you_mean(name, known)
            self.error(f"there is no option {name}{near}")

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        try:
            return super()._get_value(action, arg_string)
        except argparse.ArgumentError as error:
            raise ProofmillError(f"{name_of(action)} {arg_string}: {error.message}") from None

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        if isinstance(action, argparse._SubParsersAction):
            near = did_you_mean(str(value), list(action.choices))
            self.error(f"there is no command {self.prog} {value}{near}")
        raise ProofmillError(f"{name_of(action)} {value}: {unknown(value, action.choices)}")

    def _refuse_same(self, options: argparse.Namespace) -> None:
        """Raise where two outputs are one file, or an output is an input."""
        found: list[tuple[str, str]] = []
        for action in self._actions:
            value = getattr(options, action.dest, None)
            if not isinstance(value, InputFile | OutputFile) or not is_ordinary(value):
                continue
            for name, other in found:
                if not _same(value, other):
                    continue
                if isinstance(value, OutputFile) and isinstance(other, OutputFile):
                    raise ProofmillError(f"{name} and {name_of(action)} are both {value}, and one "
                                         "would replace the other; name two files")
                if isinstance(value, OutputFile) or isinstance(other, OutputFile):
                    raise ProofmillError(f"{name} and {name_of(action)} are both {value}: writing "
                                         "it would lose what is read; name another file")
            found.append((name_of(action), value))


def _same(left: str, right: str) -> bool:
    return os.path.realpath(left) == os.path.realpath(right) or (
        os.path.exists(left) and os.path.exists(right) and os.path.samefile(left, right))


def machine_reads(path: str | None) -> bool:
    """Whether what is written to `path` goes to stdout, so that lines have to go to stderr."""
    return path is not None and open_descriptor(path) == 1
