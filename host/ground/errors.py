"""What a user can do wrong, said in one sentence."""


class ProofmillError(Exception):
    """A mistake the user can mend: the message names the value, the place and the way out.

    The command line prints it without a traceback and exits with status 2.
    """
