"""How often a long proof is repeated: a little in every run of the tests, much in `make soak`."""

import os

SOAKING = os.environ.get("RBLWATCH_SOAK") == "1"


def repetitions(usual: int, soak: int) -> int:
    """Give the number of repetitions for this run. Mark such a test with `@pytest.mark.soak`."""
    return soak if SOAKING else usual
