"""Where log records go: nowhere, to stderr (``--verbose``), into a file (``--log-file``)."""

import argparse
import json
import logging
import sys
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from proofmill.host.cli.log_options import LOG_FILE
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.log_fields import FIELDS, LogTo

PACKAGE = __name__.partition(".")[0]
"""The logger above all of this project's."""

OLD_FILES = 3
"""Of a service's log, that are kept beside the one that is written."""


class Lines(logging.Formatter):
    """A line for people: time, level, where from, what, and what it is about."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created).strftime("%H:%M:%S.%f")[:-3]
        line = f"{time} {record.levelname.lower()} {record.name}: {record.getMessage()}"
        about = " ".join(f"{field}={value}" for field, value in _about(record).items())
        trace = "\n" + self.formatException(record.exc_info) if record.exc_info else ""
        return line + (f" [{about}]" if about else "") + trace


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, `log_fields.FIELDS`, trace."""

    def __init__(self, node: str | None = None) -> None:
        """`node`: whose records these are, where several write."""
        super().__init__()
        self._node = {} if node is None else {"node": node}

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(), "logger": record.name,
            "message": record.getMessage(), **self._node, **_about(record)}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line)


class LogFile(logging.FileHandler):
    """Appends to a file. A disk that takes no more ends the log, with a sentence, and no work."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Say it once, and stop."""
        error = sys.exc_info()[1]
        reason = getattr(error, "strerror", None) or error
        logging.getLogger(PACKAGE).removeHandler(self)
        with suppress(OSError):  # what it still holds cannot be written
            self.close()
        print(f"proofmill: {self.baseFilename}: the log ends here: {reason}; the work goes on; "
              "make room for the next one", file=sys.stderr, flush=True)


def set_up(options: argparse.Namespace) -> None:
    """Send records where the options say. ProofmillError for a file that cannot be opened."""
    package = _quiet(options)
    if options.verbose:
        shown = logging.StreamHandler(sys.stderr)
        shown.setFormatter(Lines())
        package.addHandler(shown)
    if options.log_file is not None:
        package.addHandler(_file(Path(options.log_file), JsonLines()))


def for_nodes(options: argparse.Namespace, most_bytes: int = 0) -> LogTo:
    """What a node's process does at its start, with the file for it and the node's name.

    `most_bytes`: at which the file is renamed, with a 1 behind its name, and another begun; 0 for
    never. `OLD_FILES` of them are kept.
    """
    return partial(_log_node, options.verbose, most_bytes)


def _log_node(verbose: bool, most_bytes: int, path: Path, node: str) -> None:
    package = _quiet(argparse.Namespace(verbose=verbose))
    package.addHandler(_file(path, JsonLines(node), most_bytes))


def _quiet(options: argparse.Namespace) -> logging.Logger:
    """The package's logger with the level asked for, and nothing attached."""
    package = logging.getLogger(PACKAGE)
    for handler in list(package.handlers):
        package.removeHandler(handler)
        handler.close()
    package.addHandler(logging.NullHandler())
    package.setLevel(logging.DEBUG if options.verbose else logging.INFO)
    return package


def _file(path: Path, formatter: logging.Formatter, most_bytes: int = 0) -> LogFile:
    try:
        handler = _renamed(path, most_bytes) if most_bytes else LogFile(path, encoding="utf-8")
    except OSError as error:
        raise ProofmillError(f"{LOG_FILE} {path}: cannot be opened: {error.strerror}; "
                             "choose another place") from error
    handler.setFormatter(formatter)
    return handler


def _renamed(path: Path, most_bytes: int) -> LogFile:
    """A log file that is renamed when it is full."""
    from logging.handlers import RotatingFileHandler  # which imports more than most commands need

    class RotatingLogFile(LogFile, RotatingFileHandler):
        """`LogFile`, over and over."""

    return RotatingLogFile(path, maxBytes=most_bytes, backupCount=OLD_FILES, encoding="utf-8")


def _about(record: logging.LogRecord) -> dict[str, object]:
    return {field: getattr(record, field) for field in FIELDS if hasattr(record, field)}
