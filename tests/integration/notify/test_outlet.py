"""What the wording is told of a service, for services that can't be reached from a test as well."""

import pytest

from rblwatch.core.settings import Secret
from rblwatch.notify import Medium
from rblwatch.notify.outlet import Outlet


def opened(url: str) -> Outlet:
    outlet = Outlet.opened(Secret(url), "12-9")
    assert outlet is not None
    return outlet


@pytest.mark.parametrize(
    ("url", "medium", "markdown", "limits"),
    [
        ("discord://1234567890/abcdefghijklmnopqrstuvwxyz", Medium.CHAT, True, (250, 2000)),
        ("mmost://127.0.0.1/abcdefghijklmnopqrstuvwx", Medium.CHAT, True, (0, 4000)),
        # Apprise turns Slack's own markup off and escapes what is left of it.
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#ops", Medium.CHAT, False, (250, 35_000)),
        # A chat that wants HTML or Markdown gets it from Apprise, escaped.
        ("tgram://123456789:abcdefg_hijklmnop/12315544/", Medium.CHAT, False, (0, 4096)),
        ("ntfy://127.0.0.1/topic", Medium.CHAT, False, (200, 7800)),
        ("mailto://127.0.0.1/?from=a@example.org&to=b@example.org", Medium.MAIL, False, (250, 32_768)),
        ("mailtos://127.0.0.1/?from=a@example.org&to=b@example.org", Medium.MAIL, False, (250, 32_768)),
        ("jsons://127.0.0.1/", Medium.JSON, False, (250, 32_768)),
        ("form://127.0.0.1/", Medium.JSON, False, (250, 32_768)),
    ],
)
def test_a_service_has_its_family_and_its_limits(
    url: str, medium: Medium, markdown: bool, limits: tuple[int, int]
) -> None:
    sink = opened(url).sink
    assert (sink.medium, sink.markdown) == (medium, markdown)
    assert (sink.title_limit, sink.body_limit) == limits


@pytest.mark.parametrize(
    ("url", "size"),
    [
        ("ntfy://127.0.0.1/topic", len("a.b <c>\n")),
        ("tgram://123456789:abcdefg_hijklmnop/12315544/", len("a.b&nbsp;&lt;c&gt;<br/>")),
        ("rocket://user:pass@127.0.0.1/#ops", len("a\\.b <c\\>\n")),
    ],
)
def test_a_text_is_measured_as_it_will_leave(url: str, size: int) -> None:
    assert opened(url).sink.size("a.b <c>\n") == size


def test_a_time_out_that_the_admin_chose_is_kept() -> None:
    chosen, usual = (opened(f"json://127.0.0.1/{query}")._box[0] for query in ("?rto=7&cto=3", ""))
    assert chosen.request_timeout == (3.0, 7.0)
    assert usual.request_timeout == (10.0, 20.0)
