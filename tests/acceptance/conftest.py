"""What the acceptance tests share: the program, installed between real servers."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import StartUnbound
from tests.support.httpsink import HttpSink
from tests.support.installation import Installation
from tests.support.rbldnsd import Rbldnsd
from tests.support.smtpsink import SmtpSink

Install = Callable[..., Installation]


@pytest.fixture
def install(
    rbldnsd: Rbldnsd, start_unbound: StartUnbound, http_sink: HttpSink, smtp_sink: SmtpSink, tmp_path: Path
) -> Install:
    """Make an installation whose resolver knows all zones that `rbldnsd` serves by then: `install(servers={…})`."""

    def make(**fields: object) -> Installation:
        resolver = start_unbound(dict.fromkeys(rbldnsd.zones, rbldnsd.endpoint))
        return Installation(folder=tmp_path, resolver=resolver, chat=http_sink, mail=smtp_sink, **fields)  # type: ignore[arg-type]

    return make
