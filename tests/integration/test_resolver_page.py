"""The resolver that docs/resolver.md describes, started with the very lines of that page, answers for blocklists."""

import re
from pathlib import Path
from typing import Self

import pytest

from rblwatch.core.blocklist import bare
from rblwatch.core.diagnosis import diagnose
from rblwatch.core.examination import Contact
from rblwatch.core.fault import Fault
from rblwatch.core.soundness import State
from tests.integration.test_diagnose import examine
from tests.support.dnsquery import records_of
from tests.support.rbldnsd import Entry, Rbldnsd
from tests.support.unbound import Unbound

PAGE = Path(__file__).resolve().parents[2] / "docs" / "resolver.md"

#: What the tests' loopback needs besides: where the zone is served, a place to live, and no Internet.
_HERE = """
    outgoing-interface: {host}
    do-ip6: no
    do-not-query-localhost: no
    do-daemonize: no
    username: ""
    chroot: ""
    directory: "{folder}"
    pidfile: ""
    use-syslog: no
    local-zone: "ready.example." refuse
    local-zone: "{zone}." nodefault
stub-zone:
    name: "{zone}"
    stub-addr: {server.host}@{server.port}
    stub-prime: no
"""


class Documented(Unbound):
    """unbound with the page's lines, its address and port apart."""

    def __init__(self, server: Rbldnsd, zone: str) -> None:
        super().__init__({})
        lines = re.sub(r"interface: ::1\n", "", documented())
        lines = lines.replace("interface: 127.0.0.1", f"interface: {self.endpoint.host}")
        lines = lines.replace("port: 53", f"port: {self.endpoint.port}")
        here = _HERE.format(host=self.endpoint.host, folder=self._folder, zone=zone, server=server.endpoint)
        self._config.write_text(lines + here)

    def __enter__(self) -> Self:
        self.start()
        return self


def documented() -> str:
    """The configuration on the page."""
    (block,) = re.findall(r"```conf\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return str(block)


async def test_the_documented_resolver_hides_no_list(rbldnsd: Rbldnsd) -> None:
    rbldnsd.zone("bl.example").add("127.0.0.2", *(Entry(f"127.0.0.{last}") for last in range(2, 60)))
    with Documented(rbldnsd, "bl.example") as unbound:
        (examination,) = await examine(unbound.endpoint, lists=[bare("bl.example")])
        assert records_of(unbound.endpoint, "1.0.0.127.bl.example.") == []
    assert {heard.soundness.state for heard in examination.heard} == {State.SOUND}
    assert (examination.over_tcp, diagnose(examination)) == (Contact.ANSWERED, ())


@pytest.mark.parametrize("fault", Fault)
def test_the_page_explains_every_finding(fault: Fault) -> None:
    assert f"| `{fault}` |" in PAGE.read_text()
