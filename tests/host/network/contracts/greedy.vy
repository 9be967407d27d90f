# pragma version ^0.4.0
"""
@title Asks for the same payment again while it is paid
"""

asked: public(uint256)
ledger: address
call: Bytes[2048]

@external
def prepare(ledger: address, call: Bytes[2048]):
    self.ledger = ledger
    self.call = call

@external
@payable
def __default__():
    success: bool = raw_call(self.ledger, self.call, revert_on_failure=False)
    self.asked += 1
    assert not success, "paid twice"
