# pragma version ^0.4.0
"""
@title Reports for tests of the contract of rewards: what holds is what it is told, and it passes on
       what Consensus is told
"""

proven: uint256
void: HashMap[uint256, bool]
excused: HashMap[uint256, bool]

@external
def tell(proven: uint256, void: DynArray[uint256, 512], excused: DynArray[uint256, 512]):
    self.proven = proven
    for slot: uint256 in void:
        self.void[slot] = True
    for slot: uint256 in excused:
        self.excused[slot] = True

@external
def pass_on(to: address, data: Bytes[1024]):
    raw_call(to, data)

@external
@view
def standing(first: uint256, last: uint256) -> uint256:
    if last > self.proven:
        return 0
    for slot: uint256 in range(first + 1, last + 1, bound=1024):
        if self.void[slot]:
            return 2
    return 1

@external
@view
def was_excused(first: uint256, last: uint256) -> bool:
    assert last <= self.proven, "asked before it is known"
    for slot: uint256 in range(first, last + 1, bound=1024):
        if self.excused[slot] or slot > first and self.void[slot]:
            return True
    return False
