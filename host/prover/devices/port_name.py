"""How users write a serial port: ``PORT``, or ``PORT@BAUD`` where its rate is another."""


def port_and_rate(text: str) -> tuple[str, int | None]:
    """(the port, its rate in baud or None for the usual one) of ``/dev/ttyUSB0@1000000``.

    ValueError says what is wrong with any other text.
    """
    port, at, rate = text.partition("@")
    if not port:
        raise ValueError("say which port, as in serial:/dev/ttyUSB0")
    if not at:
        return port, None
    if not (rate.isascii() and rate.isdigit() and int(rate)):
        raise ValueError(f"{rate!r} is no rate; give baud, as in serial:{port}@3000000")
    return port, int(rate)
