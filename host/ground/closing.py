"""What has to be given back: usable in a `with` statement, and given back when that ends."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Closing(ABC):
    """Leave the context, and it is closed."""

    @abstractmethod
    def close(self) -> None:
        """Give back what is held; the object is of no use afterwards."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
