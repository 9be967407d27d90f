"""What a user can do wrong, said in one sentence."""


class ProofmillError(Exception):
    """A mistake the user can mend: the message names the value, the place and the way out.

    The command line prints it without a traceback and exits with status 2.
    """


def how_to_install(extra: str) -> str:
    """The command that brings what an extra of pyproject.toml names, as a user can type it."""
    return f"pip install -e '.[{extra}]' in Proofmill's folder"


def needs_extra(what: str, module: str | None, extra: str) -> str:
    """The sentence for a module that is not there and comes with `extra`."""
    return f"{what} needs {module}: {how_to_install(extra)}"
