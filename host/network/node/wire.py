"""Messages on the wire: four bytes of length, one of topic, then the SSZ bytes.

The length counts the topic byte, little-endian, and is checked against the topic's limit before
anything is read. Most topics carry a type of the specification; COLUMNS has all of one type that a
block has, PROOF adds a signature to one (`owned_proof`), a TRANSACTION is as Ethereum writes it, a
TRANSFER as `transfers.waiting` does, a CERTIFICATE as `certificates.certificate` does; what two
nodes ask and answer each other is in `range_messages`, `certificate_messages`, `era_exchange` and
`ledger_exchange`.
"""

import asyncio
from enum import IntEnum

HEADER_BYTES = 4
KIBIBYTE = 1 << 10


class Topic(IntEnum):
    """What a message is."""

    BLOCK = 1  # SignedBeaconBlock
    ENVELOPE = 2  # SignedExecutionPayloadEnvelope
    ATTESTATION = 3  # Attestation, of one node's validators
    PAYLOAD_ATTESTATION = 4  # PayloadAttestation, of one node's validators
    SYNC = 5  # SyncCommitteeContribution, of one node's validators
    PROOF = 6  # OwnedProof: a SignedExecutionProof that its prover's bond stands for
    TRANSACTION = 7  # a signed transaction of the execution layer
    STATUS = 8  # Status: the sender's head
    RANGE_REQUEST = 9  # RangeRequest: for blocks of a branch
    RANGE = 10  # BlockRange: the answer
    TRANSFER = 11  # a signed transfer of the ledger
    COMPANION_VOTES = 12  # CompanionVotes: an attestation, signed by companion keys
    CERTIFICATE = 13  # a certificate of finality
    CERTIFICATE_REQUEST = 14  # CertificateRequest: for those from an epoch on
    CERTIFICATES = 15  # CertificateRange: the answer
    ERA_REQUEST = 16  # EraRequest: for proven history from a block on
    ERA = 17  # EraAnswer
    WITNESS = 18  # WitnessVote, of one node's validators: they have a proof
    COLUMNS = 19  # BlockColumns: the cells of a block's blobs, and their proofs
    ACCOUNT_REQUEST = 20  # LedgerQuestion: about an account
    ACCOUNT = 21  # LedgerAnswer
    PLACE_REQUEST = 22  # LedgerQuestion: where among proven blocks a payload's is
    PLACE = 23  # LedgerAnswer


DIRECTED = frozenset({Topic.STATUS, Topic.RANGE_REQUEST, Topic.RANGE, Topic.CERTIFICATE_REQUEST,
                      Topic.CERTIFICATES, Topic.ERA_REQUEST, Topic.ERA, Topic.ACCOUNT_REQUEST,
                      Topic.ACCOUNT, Topic.PLACE_REQUEST, Topic.PLACE})
"""Topics between two nodes, which are never passed on."""

LIMITS = {
    Topic.BLOCK: 1024 * KIBIBYTE,
    Topic.ENVELOPE: 1024 * KIBIBYTE,
    Topic.ATTESTATION: 16 * KIBIBYTE,
    Topic.PAYLOAD_ATTESTATION: 4 * KIBIBYTE,
    Topic.SYNC: 4 * KIBIBYTE,
    Topic.PROOF: 4 * KIBIBYTE,
    Topic.TRANSACTION: 32 * KIBIBYTE,
    Topic.STATUS: 1 * KIBIBYTE,
    Topic.RANGE_REQUEST: 1 * KIBIBYTE,
    Topic.RANGE: 8192 * KIBIBYTE,
    Topic.TRANSFER: 1 * KIBIBYTE,
    Topic.COMPANION_VOTES: 40 * KIBIBYTE,
    Topic.CERTIFICATE: 1 * KIBIBYTE,
    Topic.CERTIFICATE_REQUEST: 1 * KIBIBYTE,
    Topic.CERTIFICATES: 32 * KIBIBYTE,
    Topic.ERA_REQUEST: 1 * KIBIBYTE,
    Topic.ERA: 4096 * KIBIBYTE,
    Topic.WITNESS: 2 * KIBIBYTE,
    Topic.COLUMNS: 2048 * KIBIBYTE,
    Topic.ACCOUNT_REQUEST: 1 * KIBIBYTE,
    Topic.ACCOUNT: 17 * KIBIBYTE,
    Topic.PLACE_REQUEST: 1 * KIBIBYTE,
    Topic.PLACE: 17 * KIBIBYTE,
}
"""The most bytes a message may have, by topic."""


class Malformed(Exception):
    """A peer sent what no correct node sends; the text says what."""


def frame(topic: Topic, data: bytes) -> bytes:
    """A message as it goes out; ValueError where it is longer than its topic allows."""
    if len(data) > LIMITS[topic]:
        raise ValueError(f"{len(data):,} bytes of {topic.name}: the limit is {LIMITS[topic]:,}")
    return (len(data) + 1).to_bytes(HEADER_BYTES, "little") + bytes([topic]) + data


async def read_frame(reader: asyncio.StreamReader) -> tuple[Topic, bytes] | None:
    """The next message, None at the end of the stream.

    Malformed for an unknown topic or a length beyond the topic's limit; ConnectionError where the
    stream ends within a message, as it does when a peer's process or machine fails.
    """
    try:
        header = await reader.readexactly(HEADER_BYTES + 1)
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            return None
        raise ConnectionError("the stream ends within a header") from error
    length = int.from_bytes(header[:HEADER_BYTES], "little") - 1
    try:
        topic = Topic(header[HEADER_BYTES])
    except ValueError as error:
        raise Malformed(f"topic {header[HEADER_BYTES]} is unknown") from error
    if not 0 < length <= LIMITS[topic]:
        raise Malformed(f"a {topic.name} of {length:,} bytes, the limit is {LIMITS[topic]:,}")
    try:
        return topic, await reader.readexactly(length)
    except asyncio.IncompleteReadError as error:
        raise ConnectionError(f"the stream ends within a {topic.name}") from error
