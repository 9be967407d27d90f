"""What the verifiers of all proof systems have in common as contracts."""

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.mechanism.verifiers import IDENTIFIERS, PROOF_NUMBERS
from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS

MAXIMUM_PUBLIC = 64
"""More public signals would not leave the contract below 24,576 bytes (EIP-170)."""

DESCRIPTION = '''\
@external
@pure
def proof_system() -> bytes4:
    return {system}

@external
@pure
def key_hash() -> bytes32:
    return {key_hash}

@external
@pure
def public_signals() -> uint256:
    return {count}

@internal
@view
def _call(precompile: address, input: Bytes[128]) -> (bool, Bytes[64]):
    success: bool = False
    output: Bytes[64] = b""
    success, output = raw_call(precompile, input, max_outsize=64, is_static_call=True,
                               revert_on_failure=False)
    return success and len(output) == 64, output

'''
"""What is behind a contract's constants: of which key it is, and how a precompile is called."""

VERIFY = '''\
@external
@view
def verify(proof: uint256[{words}], signals: uint256[{count}]) -> bool:
    """
    @notice Whether `proof` holds for these public signals.
    @param proof {layout}
    @return False for any proof that is wrong, malformed ones included; never reverts.
    """
    return self._verify(proof, signals)

@external
@view
def verify_signals(proof: uint256[{words}], signals: DynArray[uint256, {maximum}]) -> bool:
    """
    @notice The same for callers that do not know how many signals there are; false for another
            number than `public_signals`.
    """
    if len(signals) != {count}:
        return False
    fixed: uint256[{count}] = empty(uint256[{count}])
    for index: uint256 in range({count}):
        fixed[index] = signals[index]
    return self._verify(proof, fixed)

@internal
@view
def _verify(proof: uint256[{words}], signals: uint256[{count}]) -> bool:
    for signal: uint256 in signals:
        if signal >= R:
            return False
'''
"""How it is called, and the beginning of `_verify`: signals are below r."""


def filled(template: str, system: str, name: str, public: int, key_hash: bytes,
           **more: object) -> str:
    """The source of a system's verifier for a key: its name, how many signals it has, its hash,
    and what else the template asks for; of `VERIFY`, the `layout` of a proof's numbers.

    Raises `ProofmillError` for more than `MAXIMUM_PUBLIC` signals.
    """
    if not 1 <= public <= MAXIMUM_PUBLIC:
        raise ProofmillError(f"{name} has {public} public signals; "
                             f"a contract can check 1 to {MAXIMUM_PUBLIC}")
    return template.format(p=BASE_MODULUS, r=SCALAR_MODULUS, count=public, maximum=MAXIMUM_PUBLIC,
                           system="0x" + IDENTIFIERS[system].hex(), words=PROOF_NUMBERS[system],
                           key_hash="0x" + key_hash.hex(), **more)
