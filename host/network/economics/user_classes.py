"""Classes of a user's own, from a file that is named on the command line: strategies and rules."""

import inspect
from pathlib import Path
from traceback import walk_tb
from types import ModuleType
from typing import Any, TypeVar

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.nearest import did_you_mean
from proofmill.host.ground.python_file import load_python, load_text
from proofmill.host.network.economics.scenario import Scenario
from proofmill.host.network.economics.strategies import Strategy
from proofmill.host.network.mechanism.ledger import RewardLedger

T = TypeVar("T")

PREFIX = "proofmill_user_"
"""What the names of such modules begin with."""
HOW = {Strategy: "proofmill.Strategy", RewardLedger: "proofmill.RewardLedger"}


def strategy_of(text: str, scenario: Scenario) -> tuple[str, type[Strategy]]:
    """The strategy that ``FILE.py:Class`` names, for all provers (""), or ``KIND=FILE.py:Class``
    for those of that name. ProofmillError says what is wrong with it, and where."""
    kind, separator, rest = text.partition("=")
    if not separator:
        kind, rest = "", text
    return kind and kind_of(kind, text, scenario), _checked(rest, Strategy)


def kind_of(kind: str, text: str, scenario: Scenario) -> str:
    """The name of a kind of provers; ProofmillError, about `text`, where the scenario has none."""
    names = [one.name for one in scenario.provers]
    if kind not in names:
        raise ProofmillError(f"{text}: the scenario has no provers named {kind}"
                             f"{did_you_mean(kind, names)}; it has {', '.join(names)}")
    return kind


def rule_of(text: str) -> type[RewardLedger]:
    """The rule that ``FILE.py:Class`` names. ProofmillError says what is wrong with it, and where.
    """
    return _checked(text, RewardLedger)


def own_error(error: Exception) -> ProofmillError | None:
    """An error that a class of such a file has raised, as a sentence; None for one of our own."""
    found = None
    for frame, line in walk_tb(error.__traceback__):
        if str(frame.f_globals.get("__name__", "")).startswith(PREFIX):
            found = f"{frame.f_code.co_filename}, line {line}"
    if found is None:
        return None
    return ProofmillError(f"{found}: {type(error).__name__}: {error}; mend it there")


def named_class(text: str) -> tuple[str, str]:
    """The file and the class of ``FILE.py:Class``; ProofmillError where it is written otherwise."""
    path, separator, name = text.rpartition(":")
    if not separator or not name.isidentifier():
        raise ProofmillError(f"{text}: write FILE.py:Class, as mine.py:Patient")
    return path, name


def class_of_text(path: str, text: str, name: str, base: type[T]) -> type[T]:
    """The class of a file whose `text` is at hand; `path` is what errors call it. ProofmillError
    says what is wrong with it, and where."""
    return _class_in(_module(Path(path), text), path, name, base)


def _checked(text: str, base: type[T]) -> type[T]:
    """The class, which derives from `base` and has its methods with their arguments."""
    path, name = named_class(text)
    return _class_in(_module(Path(path)), path, name, base)


def _class_in(module: ModuleType, path: str, name: str, base: type[T]) -> type[T]:
    found = getattr(module, name, None)
    classes = [each for each, value in vars(module).items()
               if inspect.isclass(value) and value.__module__ == module.__name__]
    if not inspect.isclass(found):
        known = f"; it has {', '.join(classes)}" if classes else "; it has no classes"
        raise ProofmillError(
            f"{path}: there is no class {name}{did_you_mean(name, classes)}{known}")
    if not issubclass(found, base):
        raise ProofmillError(f"{path}: {name} does not derive from {HOW[base]}; write class "
                             f"{name}({HOW[base]})")
    _check_methods(found, base, path)
    return found


def _check_methods(found: type[Any], base: type[Any], path: str) -> None:
    """Methods that are called take what they are called with; a misspelt one would never be."""
    theirs = {name: value for name, value in inspect.getmembers(base, inspect.isfunction)
              if not name.startswith("_") or name == "__init__"}
    for name, value in vars(found).items():
        place = f"{path}, line {getattr(getattr(value, '__code__', None), 'co_firstlineno', '?')}"
        if not inspect.isfunction(value):
            continue
        if name not in theirs:
            near = did_you_mean(name, list(theirs))
            if near and not name.startswith("_"):
                raise ProofmillError(f"{place}: {found.__name__}.{name} is never called{near}; it "
                                     f"may override {', '.join(sorted(theirs))}; begin the name of "
                                     "one that is yours with _")
            continue
        wanted = inspect.signature(theirs[name])
        named = [one for one, each in wanted.parameters.items()
                 if each.kind is inspect.Parameter.KEYWORD_ONLY]
        try:
            inspect.signature(value).bind(
                *(one for one in wanted.parameters if one not in named), **dict.fromkeys(named))
        except TypeError:
            raise ProofmillError(
                f"{place}: {found.__name__}.{name} takes {inspect.signature(value)}, and is called "
                f"with {wanted}") from None


def _module(path: Path, text: str | None = None) -> ModuleType:
    """The module in a file, or of its text."""
    if text is None and not path.is_file():
        raise ProofmillError(f"{path}: there is no such file; name the file of your class, as "
                             "mine.py:Patient")
    if path.suffix != ".py":
        raise ProofmillError(f"{path}: is no Python file; its name ends with .py")
    try:
        name = f"{PREFIX}{path.stem}"
        return load_python(path, name) if text is None else load_text(text, path, name)
    except SyntaxError as error:
        raise ProofmillError(f"{path}, line {error.lineno}: {error.msg}") from error
    except Exception as error:
        raise own_error(error) or ProofmillError(f"{path}: cannot be read: {error}") from error
