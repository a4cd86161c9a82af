"""An Apprise URL is in no log, no outcome, no exception and on no stream, whatever goes wrong."""

import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest

from rblwatch.core.alert import Line
from rblwatch.core.retry import Outcome
from rblwatch.core.settings import Channel, Secret
from rblwatch.notify import AppriseNotifier, targets_of, transport, validate
from rblwatch.notify.outlet import Outlet
from tests.integration.notify.samples import LISTING, about, message
from tests.support.httpsink import HttpSink
from tests.support.smtpsink import SmtpSink

SECRET = "sEcReT0123456789sEcReTabc"


class Ear(logging.Handler):
    """Hears all that any logger says to the world, at any level."""

    def __init__(self) -> None:
        super().__init__(level=1)
        self.heard: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record)

    @property
    def text(self) -> str:
        return "\n".join(f"{vars(record)} {record.getMessage()}" for record in self.heard)


@pytest.fixture
def ear() -> Iterator[Ear]:
    """Not pytest's own: that one listens at loggers which talk to nobody, too."""
    root, ear = logging.getLogger(), Ear()
    level = root.level
    root.setLevel(1)
    root.addHandler(ear)
    for name in ("apprise", "urllib3"):
        logging.getLogger(name).propagate = True  # as if nothing had been sent yet
    yield ear
    root.removeHandler(ear)
    root.setLevel(level)


async def told(url: str, ear: Ear, capsys: pytest.CaptureFixture[str]) -> tuple[Outcome, str]:
    """Send, and give what came of it with all that was said anywhere."""
    channel = Channel(name="ops", url=Secret(url))
    notifier = AppriseNotifier([channel], timeout=timedelta(seconds=20))
    outcome = await notifier.send(message(about(Line.LISTED, LISTING)))
    said = [repr(outcome), repr(notifier), repr(channel), str(validate(channel)), str(targets_of(channel))]
    output = capsys.readouterr()
    return outcome, "\n".join([*said, output.out, output.err, ear.text])


@pytest.mark.parametrize(
    "url",
    [
        "json://user:{secret}@{http}/{secret}?+X-Token={secret}",
        "form://{http}/{secret}",
        "ntfy://{secret}:{secret}@{http}/{secret}",
        "ntfy://{http}/{secret}",
        "gotify://{http}/{secret}",
        "mmost://{http}/{secret}",
        "mmost://{secret}@{http}/{secret}",
    ],
)
@pytest.mark.parametrize("status", [200, 404, 503])
async def test_a_url_that_works_or_fails_is_not_told(
    http_sink: HttpSink,
    ear: Ear,
    capsys: pytest.CaptureFixture[str],
    url: str,
    status: int,
) -> None:
    http_sink.fail(status)
    outcome, said = await told(url.format(secret=SECRET, http=http_sink.endpoint), ear, capsys)
    assert SECRET in str(http_sink.received), "the secret was of use"
    assert SECRET.lower() not in said.lower()
    assert ("Sent" in repr(outcome)) is (status == 200)


@pytest.mark.parametrize(
    "url",
    [
        f"{SECRET}",
        f"nonsense://{SECRET}",
        f"json://{SECRET}@",
        f"json://127.0.0.1:{SECRET}/",
        f"slack://{SECRET}/x",
        f"discord://{SECRET}",
        f"tgram://{SECRET}/",
        f"mailto://user:{SECRET}@127.0.0.1/?to={SECRET}",
        f"json://[{SECRET}/%zz?\x00",
        f"json://127.0.0.1:9/{SECRET}",
    ],
)
async def test_a_url_that_cannot_be_read_or_reached_is_not_told(
    ear: Ear, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    outcome, said = await told(url, ear, capsys)
    assert "Sent" not in repr(outcome)
    assert SECRET.lower() not in said.lower()


async def test_a_mail_password_is_not_told(smtp_sink: SmtpSink, ear: Ear, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"mailto://user:{SECRET}@{smtp_sink.endpoint}/?mode=insecure&from=a@example.org&to=b@example.org"
    _, said = await told(url, ear, capsys)
    assert SECRET not in said


async def test_what_a_plugin_raises_is_not_told(
    http_sink: HttpSink,
    ear: Ear,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError(f"no luck with https://hooks.example.org/{SECRET}")

    monkeypatch.setattr(Outlet, "post", crash)
    outcome, said = await told(f"json://{http_sink.endpoint}/", ear, capsys)
    assert outcome.detail == "channel 'ops': Apprise failed (RuntimeError)"
    assert SECRET not in said
    monkeypatch.setattr(Outlet, "opened", crash)
    _, said = await told(f"json://{http_sink.endpoint}/", ear, capsys)
    assert SECRET not in said
    assert transport.__name__ in {record.name for record in ear.heard}
