# pragma version ^0.4.0
"""
@title Asks for the same payment again, once, while it is paid
"""

asked: public(uint256)
got: public(bool)
ledger: address
call: Bytes[2048]

@external
def prepare(ledger: address, call: Bytes[2048]):
    self.ledger = ledger
    self.call = call

@external
@payable
def __default__():
    if self.asked == 0:
        self.asked = 1
        self.got = raw_call(self.ledger, self.call, revert_on_failure=False)
