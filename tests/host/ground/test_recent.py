"""What is kept of what would grow."""

import pytest

from proofmill.host.ground.recent import Recent


def test_the_oldest_key_gives_way() -> None:
    kept: Recent[int, str] = Recent(3)
    for number in range(10):
        kept[number] = str(number)
    assert dict(kept) == {7: "7", 8: "8", 9: "9"} and len(kept) == 3
    kept[7] = "again"  # a key that is there takes no other's place
    assert dict(kept) == {7: "again", 8: "8", 9: "9"}
    del kept[8]
    with pytest.raises(KeyError):
        kept[0]
