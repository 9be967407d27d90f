from proofmill.host.prover.devices.telling import Telling


def test_progress_goes_on_within_a_part() -> None:
    """By the looks at the device, at the pace of the parts before; never beyond the part's end."""
    told: list[tuple[int, int]] = []
    telling = Telling(lambda *each: told.append(each), rate=100.0)
    telling.look()  # while the key is loaded
    telling.begin([1_000, 4_000])
    for looks, cycles in ((3, 200_000), (20, 400_000)):
        for _ in range(looks):
            telling.look()
        telling.ended(cycles)
    assert told[:6] == [(0, 1), (0, 5_000), (500, 5_000), (980, 5_000), (980, 5_000),
                        (1_000, 5_000)]
    assert [done for done, _ in told[6:10]] == [1_250, 1_500, 1_750, 2_000]
    assert told[-2:] == [(4_920, 5_000), (5_000, 5_000)] and told[1:] == sorted(told[1:])
    Telling(None, 1.0).look()
