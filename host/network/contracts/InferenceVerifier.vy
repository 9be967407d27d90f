# pragma version ^0.4.0
# @license Apache-2.0
"""
@title Verifier of results of models, by ERC-7992 (draft), for Groth16 on BN254
@notice It relies on nobody's verifier: `proof` brings the verification key, whose hash has to be the
        model's. Public signals are the input's commitment, the outputs, and the prover's tag, which
        has to be the caller's address: a proof that is seen is of no use to another.

        `output`  one word of 32 bytes an output, an int256, as abi.encode gives of int256[n]
        `proof`   words: A.x, A.y, B.x imaginary, B.x real, B.y imaginary, B.y real, C.x, C.y; then
                  the key: alpha, beta, gamma, delta, and the point of each signal, that of 1 first
"""

struct ModelCommitment:
    modelHash: bytes32
    circuitHash: bytes32
    vkHash: bytes32
    proofSystemId: bytes4
    uri: String[256]

interface Registry:
    def getModel(modelId: uint256) -> (ModelCommitment, bool, address): view

event InferenceVerified:
    modelId: indexed(uint256)
    inputCommitment: indexed(bytes32)
    output: Bytes[1984]
    caller: indexed(address)
event InferenceStored:
    inferenceId: indexed(bytes32)

struct Inference:
    modelId: uint256
    inputCommitment: bytes32
    output: Bytes[1984]

P: constant(uint256) = 21888242871839275222246405745257275088696311157297823662689037894645226208583
R: constant(uint256) = 21888242871839275222246405745257275088548364400416034343698204186575808495617
GROTH16: constant(bytes4) = 0x0550d137   # of keccak256("groth16-bn254-v1")
LARGEST: constant(int256) = 2147483647
MOST_OUTPUTS: constant(uint256) = 62
PROOF_WORDS: constant(uint256) = 8
KEY_WORDS: constant(uint256) = 14      # without the signals' points

ERC165: constant(bytes4) = 0x01ffc9a7
VERIFIER: constant(bytes4) = 0x5df65472
STORAGE: constant(bytes4) = 0x29c6ba89

registry: public(immutable(address))
_inferences: HashMap[bytes32, Inference]

@deploy
def __init__(models: address):
    assert models.is_contract, "there is no contract at this address"
    registry = models

@external
@view
def supportsInterface(interfaceId: bytes4) -> bool:
    """
    @notice ERC-165: itself, and the verifier's and the storage's interface of ERC-7992.
    """
    return interfaceId in [ERC165, VERIFIER, STORAGE]

@external
@view
def proofSystemOf(modelId: uint256) -> bytes4:
    return self._model(modelId)[0].proofSystemId

@external
def verifyInference(modelId: uint256, inputCommitment: bytes32, output: Bytes[1984],
                    proof: Bytes[4864]):
    """
    @notice Emits InferenceVerified where the model gives `output` for an input that
            `inputCommitment` commits to; reverts otherwise.
    """
    self._told(modelId, inputCommitment, output, proof)

@external
def verifyAndStoreInference(modelId: uint256, inputCommitment: bytes32, output: Bytes[1984],
                            proof: Bytes[4864]) -> bytes32:
    """
    @notice The same, and keeps it; the hash by which it is found.
    """
    self._told(modelId, inputCommitment, output, proof)
    name: bytes32 = keccak256(concat(convert(modelId, bytes32), inputCommitment, output))
    self._inferences[name] = Inference(modelId=modelId, inputCommitment=inputCommitment,
                                       output=output)
    log InferenceStored(inferenceId=name)
    return name

@external
@view
def getInference(inferenceId: bytes32) -> (uint256, bytes32, Bytes[1984]):
    """
    @return Model, commitment to the input, and output; all empty for what is not kept.
    """
    kept: Inference = self._inferences[inferenceId]
    return kept.modelId, kept.inputCommitment, kept.output

@external
@view
def checkInference(modelId: uint256, inputCommitment: bytes32, output: Bytes[1984],
                   proof: Bytes[4864], prover: address):
    """
    @notice Reverts unless `prover`, the address that is the proof's tag, has proven this result:
            for contracts that know whose proof it has to be. Nothing is told or kept.
    """
    self._verify(modelId, inputCommitment, output, proof, prover)

@internal
def _told(model: uint256, commitment: bytes32, output: Bytes[1984], proof: Bytes[4864]):
    self._verify(model, commitment, output, proof, msg.sender)
    log InferenceVerified(modelId=model, inputCommitment=commitment, output=output,
                          caller=msg.sender)

@internal
@view
def _model(model: uint256) -> (ModelCommitment, bool, address):
    return staticcall Registry(registry).getModel(model)

@internal
@view
def _verify(model: uint256, commitment: bytes32, output: Bytes[1984], proof: Bytes[4864],
            prover: address):
    known: ModelCommitment = empty(ModelCommitment)
    deprecated: bool = False
    owner: address = empty(address)
    known, deprecated, owner = self._model(model)
    if deprecated:
        raw_revert(abi_encode(model, method_id=method_id(
            "VerificationRefused_ModelDeprecated(uint256)")))
    if known.proofSystemId != GROTH16:
        raw_revert(abi_encode(known.proofSystemId, method_id=method_id(
            "UnsupportedProofSystem(bytes4)")))
    if convert(commitment, uint256) >= R:
        raw_revert(method_id("InputCommitmentMismatch()"))
    outputs: uint256 = len(output) // 32
    if len(output) % 32 != 0 or outputs == 0:
        raw_revert(method_id("OutputMismatch()"))
    # A point for the constant 1, the commitment, each output, and the tag.
    if len(proof) != 32 * (PROOF_WORDS + KEY_WORDS + 2 * (outputs + 3)):
        raw_revert(method_id("InvalidProof()"))
    if keccak256(slice(proof, 32 * PROOF_WORDS, len(proof) - 32 * PROOF_WORDS)) != known.vkHash:
        raw_revert(method_id("ModelMismatch()"))

    total: Bytes[64] = self._point(proof, 0)
    total = self._plus(total, self._point(proof, 1), convert(commitment, uint256))
    for place: uint256 in range(outputs, bound=MOST_OUTPUTS):
        value: int256 = convert(extract32(output, 32 * place), int256)
        if value > LARGEST or value < -LARGEST:
            raw_revert(method_id("OutputMismatch()"))
        signal: uint256 = 0
        if value < 0:
            signal = R - convert(-value, uint256)
        else:
            signal = convert(value, uint256)
        total = self._plus(total, self._point(proof, 2 + place), signal)
    total = self._plus(total, self._point(proof, 2 + outputs),
                       convert(convert(prover, uint160), uint256))
    if not self._pairings(total, proof):
        raw_revert(method_id("InvalidProof()"))

@internal
@pure
def _point(proof: Bytes[4864], signal: uint256) -> Bytes[64]:
    return slice(proof, 32 * (PROOF_WORDS + KEY_WORDS) + 64 * signal, 64)

@internal
@view
def _plus(total: Bytes[64], point: Bytes[64], factor: uint256) -> Bytes[64]:
    """
    @return total + factor * point, by the precompiles; nothing where they refuse.
    """
    done: bool = False
    term: Bytes[64] = b""
    done, term = raw_call(
        0x0000000000000000000000000000000000000007, concat(point, convert(factor, bytes32)),
        max_outsize=64, is_static_call=True, revert_on_failure=False)
    if not done or len(term) != 64:
        raw_revert(method_id("InvalidProof()"))
    done, term = raw_call(
        0x0000000000000000000000000000000000000006, concat(total, term),
        max_outsize=64, is_static_call=True, revert_on_failure=False)
    if not done or len(term) != 64:
        raw_revert(method_id("InvalidProof()"))
    return term

@internal
@view
def _pairings(total: Bytes[64], proof: Bytes[4864]) -> bool:
    """
    @return Whether e(-A, B) e(alpha, beta) e(total, gamma) e(C, delta) = 1.
    """
    y: uint256 = convert(extract32(proof, 32), uint256)
    if y >= P:
        return False
    negated: uint256 = 0
    if y != 0:
        negated = P - y
    done: bool = False
    result: Bytes[32] = b""
    done, result = raw_call(
        0x0000000000000000000000000000000000000008,
        concat(slice(proof, 0, 32), convert(negated, bytes32), slice(proof, 64, 128),
               slice(proof, 256, 192),                       # alpha, beta
               total, slice(proof, 448, 128),                # gamma
               slice(proof, 192, 64), slice(proof, 576, 128)),  # C, delta
        max_outsize=32, is_static_call=True, revert_on_failure=False)
    return done and len(result) == 32 and convert(result, uint256) == 1
