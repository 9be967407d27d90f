"""Proofmill from Python: what researchers, operators and engineers import. See docs/api.md.

    import proofmill

    run = proofmill.simulate(proofmill.load_scenario("equal"), slots=200, seed=1)
    print(run.figures["staged"].gini_of_income)
    proofmill.tables(run)["provers"].to_pandas()

Each name is loaded from where it lives when it is first asked for, so that importing the package
takes no time; the names stand in `__init__.pyi`.
"""

from functools import cache


@cache
def _homes() -> dict[str, tuple[str, str]]:
    """Of every name: its module, and its name there."""
    import ast
    from pathlib import Path

    stub = ast.parse(Path(__file__).resolve().with_suffix(".pyi").read_text("utf-8"))
    return {alias.asname or alias.name: (statement.module or "", alias.name)
            for statement in stub.body if isinstance(statement, ast.ImportFrom)
            for alias in statement.names}


def __getattr__(name: str) -> object:
    from importlib import import_module

    homes = _homes()
    if name == "__all__":
        return sorted(homes)
    if name not in homes:
        raise AttributeError(f"proofmill has no {name}; it has {', '.join(sorted(homes))}")
    module, own = homes[name]
    found: object = getattr(import_module(module), own)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(_homes())
