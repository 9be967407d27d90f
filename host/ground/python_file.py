"""A Python file of a user's: loaded by its path, and where in it something went wrong."""

import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from traceback import walk_tb
from types import ModuleType


def load_text(text: str, path: Path, name: str) -> ModuleType:
    """The text of a file as a module of this name, as `load_python`: the file need not be here."""
    module = ModuleType(name)
    module.__file__ = str(path.absolute())
    sys.modules[name] = module
    try:
        exec(compile(text, module.__file__, "exec"), vars(module))
    finally:
        sys.modules.pop(name, None)
    return module


def load_python(path: Path, name: str) -> ModuleType:
    """The file as a module of this name, which no import finds. Raises what the file raises."""
    place = str(path.absolute())
    spec = spec_from_file_location(name, place, loader=SourceFileLoader(name, place))
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module  # while it runs: dataclasses look for annotations' names there
    try:
        spec.loader.exec_module(module)
    finally:
        sys.modules.pop(name, None)
    return module


def place_in(error: BaseException, path: Path) -> str:
    """Where in the file it went wrong: ":12", or nothing where that is elsewhere."""
    place = str(path.absolute())
    found = getattr(error, "lineno", None)
    for frame, line in walk_tb(error.__traceback__):
        if frame.f_code.co_filename == place:
            found = line
    return "" if found is None else f":{found}"
