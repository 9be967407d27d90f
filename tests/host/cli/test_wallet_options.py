"""Which account a wallet's command means."""

from argparse import Namespace

import pytest

from proofmill.host.cli.wallet_options import meant
from proofmill.host.ground.errors import ProofmillError


def test_an_account_that_two_answers_name_is_one() -> None:
    """A block between the two questions had opened what the older answer still has as opening."""
    asked = Namespace(account=None, keystore="key.json")
    assert meant(asked, [7, 7], 3, "") == 7
    with pytest.raises(ProofmillError, match="the key has the accounts 5, 7; name one"):
        meant(asked, [7, 5, 7], 3, "")
    assert meant(Namespace(account=5, keystore="key.json"), [7, 5], 3, "") == 5


def test_no_account_says_what_to_do() -> None:
    with pytest.raises(ProofmillError, match="key.json: no account has this key in slot 3; wait"):
        meant(Namespace(account=None, keystore="key.json"), [], 3, "wait")
