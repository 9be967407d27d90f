"""Rewards for proofs of blocks: stages, batches, decay, penalties, maturity."""


from tests.host.contracts.conftest import MakeWorld


def test_first_slots(make_world: MakeWorld) -> None:
    world = make_world(4)
    world.advance()
    world.advance()
    primary, committee = world.assignment(1)
    print(primary, committee)
    world.submit(1, primary)
    world.advance()
    record = world.rewards.call("record", 1)
    assert record["won"] and record["winner"] == primary
