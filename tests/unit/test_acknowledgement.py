"""How long it holds that somebody looks after something."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rblwatch.core.acknowledgement import Acknowledgement
from rblwatch.core.blocklist import Severity
from rblwatch.core.incident import Incident
from rblwatch.core.listing import Ending
from rblwatch.core.soundness import State
from tests.unit.samples import START as NOW
from tests.unit.samples import listing

LISTED = replace(listing(), severity=Severity.MAJOR)
LATER = NOW + timedelta(hours=1)
INCIDENT = Incident(
    id=1, blocklist="a", zone="a.test", state=State.UNSOUND, reason=None, flaw=None, detail="", since_at=NOW,
    opened_at=NOW,
)  # fmt: skip
SAID = Acknowledgement(id=1, alert_id=1, at=NOW, author="ann", listing_id=1, severity=Severity.MAJOR)


@pytest.mark.parametrize(
    ("subject", "holds"),
    [
        (LISTED, True),  # as it was
        (replace(LISTED, severity=Severity.MINOR), True),  # better than it was
        (replace(LISTED, severity=Severity.CRITICAL), False),  # worse than what he looked at
        (replace(LISTED, ended_at=LATER, ended_by=Ending.DELISTED), False),  # over: a later listing is another one
        (replace(LISTED, ended_at=LATER, ended_by=Ending.UNWATCHED), False),
        (INCIDENT, True),
        (replace(INCIDENT, ended_at=LATER), False),
    ],
)
def test_it_holds_while_what_it_is_about_lasts_and_gets_no_worse(subject: object, holds: bool) -> None:
    assert isinstance(subject, type(LISTED) | Incident)
    said = SAID if subject is not INCIDENT else replace(SAID, listing_id=None, incident_id=1, severity=None)
    assert said.holds(subject) is holds
