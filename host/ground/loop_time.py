"""The clock of what runs on an event loop."""

import asyncio


def loop_time() -> float:
    """Seconds by the clock of the loop that runs, which may be another than the machine's."""
    return asyncio.get_running_loop().time()
