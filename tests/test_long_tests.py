"""The list of tests that `make test` leaves out for their time."""

from pathlib import Path

from tests.long_tests import HEAD, LIST, is_long, long_tests, written

ROOT = Path(__file__).parents[1]
MEASURED = """\
gw0 [3] some/test_x.py::test_quick PASSED
============================= slowest durations =============================
40.10s setup    some/test_shared.py::test_first
12.34s call     some/test_shared.py::test_second
9.06s call     some/test_x.py::test_of_cases[a case of two words-1]
1.80s call     some/test_x.py::test_at_the_limit
1.79s call     some/test_x.py::test_below_it
99.00s teardown some/test_x.py::test_quick
98.00s setup    tests/host/network/node/test_follower.py::test_both_have_the_same_chain
"""


def test_what_takes_long_is_written_with_its_file_where_the_setting_up_does():
    text = written(MEASURED)
    assert text == HEAD + """\
  40.1  some/test_shared.py
   9.1  some/test_x.py::test_of_cases[a case of two words-1]
   1.8  some/test_x.py::test_at_the_limit
"""
    names = long_tests(text)
    assert is_long("some/test_shared.py::test_third", names)
    assert is_long("some/test_x.py::test_of_cases[a case of two words-1]", names)
    assert not is_long("some/test_x.py::test_of_cases[a case of two words-10]", names)
    assert not is_long("some/test_x.py::test_below_it", names)
    assert not is_long("some/test_shared.pyx::test_other", names)


def test_what_is_listed_is_there():
    """By file and function: a test that was renamed would come back unseen."""
    names = long_tests(LIST.read_text(encoding="utf-8"))
    assert len(names) == len(set(names)) > 40
    for name in names:
        file, _, function = name.partition("::")
        source = (ROOT / file).read_text(encoding="utf-8")
        assert not function or f"def {function.split('[')[0]}(" in source, name
