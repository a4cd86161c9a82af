"""What `status` shows of a listing."""

from datetime import UTC

import pytest

from rblwatch.cli import status
from rblwatch.core.blocklist import Scope
from rblwatch.services.report import OutboxStatus, PairStatus, Report, ServerStatus, TargetStatus
from tests.integration.notify.samples import LISTING, at


def shown(scope: Scope, capsys: pytest.CaptureFixture[str]) -> str:
    """The table's words about one listing."""
    pair = PairStatus(blocklist="bl", zone="bl.test", listing=LISTING, scope=scope)
    target = TargetStatus(target=LISTING.target, listed=1, clear=0, unknown=0, pairs=(pair,))
    server = ServerStatus(name="mx1", tags=(), targets=(target,))
    outbox = OutboxStatus(depth=0, oldest_at=None, failed=0)
    status._print(Report(generated_at=at(12), servers=(server,), blocklists=(), outbox=outbox, daemon=None), UTC)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        (Scope.ADDRESS, " SBL: https"),
        (Scope.DOMAIN, " SBL: https"),
        (Scope.RANGE, "[of its range] SBL: https"),
        (Scope.AS, "[of its whole network (AS)] SBL: https"),
        (Scope.COUNTRY, "[of its whole country] SBL: https"),
    ],
)
def test_an_entry_that_is_not_for_the_target_alone_says_for_what(
    scope: Scope, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(scope, capsys)
    assert said in text
    assert ("[of its" in text) is (scope.width > 0)
