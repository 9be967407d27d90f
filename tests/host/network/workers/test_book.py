"""What the book of workers' tasks keeps, and for how long."""

from pathlib import Path

import pytest

from proofmill.host.network.workers import book as module
from proofmill.host.network.workers.book import Answered, Book
from proofmill.host.network.workers.wire import SUM, VERSION, Answer, Task, make_task


def task(number: int) -> Task:
    return make_task(SUM, 1, "points", 1, number.to_bytes(32, "big"))


def answer(number: int) -> Answered:
    return Answered("alpha", Answer(VERSION, task(number).identity, b"sum", "", "cpu", 0.0, 0, 0))


def test_answers_are_kept_while_an_earlier_task_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many came after it: their job is not done. Then the last ones alone are."""
    monkeypatch.setattr(module, "KEPT_ANSWERS", 2)
    monkeypatch.setattr(module, "CLEARED_EVERY", 1)

    def kept(book: Book) -> list[int]:
        return [each for each in range(13) if book.answered(task(each).identity) is not None]

    with Book(tmp_path / "book.sqlite") as book:
        book.open([task(number) for number in range(10)])
        for number in range(1, 10):
            assert book.take([answer(number)]) == [True]
        assert kept(book) == list(range(1, 10))
        assert book.open_identities() == [task(0).identity]
        book.open([task(10), task(11)])
        assert book.take([answer(0)]) == [True] and book.take([answer(0)]) == [False]
        assert kept(book) == [8, 9]  # of what was asked before number 10
        assert book.take([answer(10), answer(11)]) == [True, True]
        assert kept(book) == [10, 11]
