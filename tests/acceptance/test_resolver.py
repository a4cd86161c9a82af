"""A daemon whose resolver dies: that is told once, and nothing about lists or servers."""

from tests.acceptance.conftest import Install
from tests.conftest import StartProgram
from tests.support.installation import CHANNELS, let_sweep
from tests.support.rbldnsd import Rbldnsd

MX1 = "198.18.1.1"


def test_a_resolver_that_dies_is_one_incident_and_one_recovery_and_all_listings_stay(
    rbldnsd: Rbldnsd, install: Install, start_program: StartProgram
) -> None:
    names = ("one", "two", "three", "four")
    for name in names:
        rbldnsd.zone(f"{name}.example", ttl_s=1, negative_ttl_s=1, listed=[MX1])
    installed = install(
        servers={"mx1": (MX1,)}, customs={name: f"{name}.example" for name in names}, blind_after="3s", timeout="0.5s"
    )
    daemon = start_program("--config", str(installed.write()), "run")
    installed.hear("mx1", "already listed on 4 lists")
    known = installed.listings()
    daemon.wait_for_line("resolver.sound", timeout_s=30)

    installed.resolver.stop()
    installed.hear("your resolver gives no answer", "docs/resolver.md", timeout_s=40)
    daemon.wait_for_line("finding=dead", timeout_s=30)
    let_sweep(daemon)
    installed.resolver.start()
    installed.hear("your resolver works again", timeout_s=40)
    let_sweep(daemon)

    assert installed.listings() == known
    told = [
        "[rblwatch] mx1 already listed on 4 lists (major)",
        "[rblwatch] your resolver gives no answer",
        "[rblwatch] your resolver works again",
    ]
    assert installed.titles == dict.fromkeys(CHANNELS, told)
    assert daemon.terminate() == 0
    assert "job_failed" not in daemon.written
