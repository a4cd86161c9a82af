"""SIGHUP: what an admin changes takes effect, and what he breaks changes nothing."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from rblwatch.core.alert import Line
from tests.support import told
from tests.support.blocklists import Blocklists
from tests.support.estate import FAST, Registered, chat_url
from tests.support.httpsink import HttpSink
from tests.support.program import Program
from tests.support.scene import MX1, MX2, MX3, ONE, TWO, Scene, new_scene
from tests.support.waiting import eventually


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with new_scene(tmp_path) as scene:
        yield scene


def reload(scene: Scene, daemon: Program, outcome: str = "reload.done") -> None:
    """Write the configuration, say so, and wait until the daemon has taken it in."""
    before = daemon.stderr.count(outcome)
    scene.estate.write()
    daemon.send(signal.SIGHUP)
    daemon.wait_for_line(outcome, before + 1)


def test_an_added_server_is_asked_at_once(scene: Scene) -> None:
    scene.estate.more = FAST.replace('"1s"', '"1h"')
    daemon = scene.start()
    scene.lists.list(ONE, MX3)
    scene.estate.servers["mx3"] = Registered((MX3,))
    reload(scene, daemon)
    scene.wait_until_told(Line.LISTED, MX3)
    assert "Already listed when we first looked" in scene.chat.received[0].text


def test_an_added_list_is_asked_at_once(scene: Scene) -> None:
    scene.estate.more = FAST.replace('"1s"', '"1h"')
    del scene.estate.lists["two"]
    daemon = scene.start()
    scene.lists.list(TWO, MX1)
    scene.estate.lists["two"] = TWO
    reload(scene, daemon)
    scene.wait_until_told(Line.LISTED, MX1, "two")


def list_two(scene: Scene, daemon: Program) -> None:
    """MX1 is on both lists, and everybody knows."""
    scene.lists.list(ONE, MX1)
    scene.lists.list(TWO, MX1)
    scene.wait_until_told(Line.LISTED, MX1)
    scene.wait_until_told(Line.LISTED, MX1, "two")
    # Receipts decide on what recipients are told from here on.
    eventually(lambda: daemon.stderr.count("delivery.sent") == len(scene.chat.received) + len(scene.mail.received))


@pytest.mark.parametrize(
    ("taken_out", "cause", "ended"),
    [
        ("server", "the server mx1 is no longer configured", {"one", "two"}),
        ("list", "the list two is no longer used for any server", {"two"}),
        ("address", "no longer registered under mx1", {"one", "two"}),
    ],
)
def test_what_is_taken_out_ends_its_listings_with_one_message(
    scene: Scene, taken_out: str, cause: str, ended: set[str]
) -> None:
    daemon = scene.start()
    list_two(scene, daemon)
    heard = len(scene.chat.received), len(scene.mail.received)
    match taken_out:
        case "server":
            del scene.estate.servers["mx1"]
        case "list":
            del scene.estate.lists["two"]
        case _:
            scene.estate.servers["mx1"] = Registered((MX3,))
    reload(scene, daemon)
    for blocklist in ended:
        scene.wait_until_told(Line.ENDED, MX1, blocklist)
    daemon.wait_for_line("sweep.finished", daemon.stderr.count("sweep.finished") + 2)

    assert (len(scene.chat.received), len(scene.mail.received)) == (heard[0] + 1, heard[1] + 1)
    assert cause in scene.chat.received[-1].text
    history = scene.estate.read("history")
    assert {one["blocklist"] for one in history if one["ended_by"] == "unwatched"} == ended
    assert all(one["delisted_at"] is None for one in history if one["blocklist"] not in ended)


def test_a_tag_taken_out_is_told_once_to_those_who_hear_no_more(scene: Scene) -> None:
    scene.estate.routes = ['channels = ["chat"]\ntags = ["production"]', 'channels = ["mail"]']
    daemon = scene.start()
    list_two(scene, daemon)
    heard = len(scene.chat.received), len(scene.mail.received)
    scene.estate.servers["mx1"] = Registered((MX1,), ("retired",))
    reload(scene, daemon)
    scene.chat.wait_for_count(heard[0] + 1)
    scene.lists.delist(ONE, MX1)
    eventually(lambda: Line.DELISTED in {one.line for one in scene.told("mail")}, 20)
    daemon.wait_for_line("sweep.finished", daemon.stderr.count("sweep.finished") + 2)

    assert (len(scene.chat.received), len(scene.mail.received)) == (heard[0] + 1, heard[1] + 1)
    assert "you will hear no more of it here" in told.chat_text(scene.chat.received[-1])
    assert [one["ended_by"] for one in scene.estate.read("history")] == [None, "delisted"]


def test_a_bad_file_keeps_what_was_is_logged_and_told_and_a_good_one_works_again(scene: Scene) -> None:
    daemon = scene.start()
    good = scene.estate.text
    scene.estate.path.write_text(good.replace(MX2, "198.18.0.300"))
    daemon.send(signal.SIGHUP)
    refusal = daemon.wait_for_line("reload.refused")
    assert "servers[1].addresses[0]: '198.18.0.300' is not an address" in refusal
    notice = scene.chat.wait_for(lambda request: "198.18.0.300" in request.text)
    assert f"{scene.estate.path}:" in notice.text
    scene.mail.wait_for(lambda mail: "198.18.0.300" in mail.text)

    scene.lists.list(ONE, MX2)
    scene.wait_until_told(Line.LISTED, MX2)

    scene.estate.servers["mx3"] = Registered((MX3,))
    scene.lists.list(ONE, MX3)
    reload(scene, daemon)
    scene.wait_until_told(Line.LISTED, MX3)
    assert daemon.stderr.count("reload.refused") == 1


@pytest.mark.parametrize("spoil", ["gone", "a folder", "no text", "empty"])
def test_a_file_that_cannot_be_read_keeps_what_was(scene: Scene, spoil: str) -> None:
    daemon = scene.start()
    scene.estate.path.unlink()
    if spoil == "a folder":
        scene.estate.path.mkdir()
    if spoil == "no text":
        scene.estate.path.write_bytes(b"\xff\xfe\x00")
    if spoil == "empty":
        scene.estate.path.touch()
    daemon.send(signal.SIGHUP)
    daemon.wait_for_line("reload.refused")
    scene.lists.list(ONE, MX1)
    scene.wait_until_told(Line.LISTED, MX1)


def test_a_changed_channel_is_used_from_then_on(scene: Scene) -> None:
    daemon = scene.start()
    with HttpSink() as other:
        scene.estate.channels["chat"] = chat_url(other.endpoint)
        reload(scene, daemon)
        scene.lists.list(ONE, MX1)
        request = other.wait_for(lambda request: MX1 in request.text, 20)
        assert told.read(told.chat_text(request)) == [told.Told(Line.LISTED, MX1, "one")]
    assert scene.chat.received == []


def test_a_message_that_could_not_leave_goes_where_the_channel_leads_now(scene: Scene) -> None:
    daemon = scene.start()
    scene.chat.fail()
    scene.lists.list(ONE, MX1)
    scene.chat.wait_for_count(1)
    with HttpSink() as other:
        scene.estate.channels["chat"] = chat_url(other.endpoint)
        reload(scene, daemon)
        other.wait_for(lambda request: MX1 in request.text, 20)


def test_a_changed_nameserver_is_asked_from_then_on(scene: Scene) -> None:
    daemon = scene.start()
    with Blocklists([ONE, TWO]) as others:
        others.list(ONE, MX1)
        scene.estate.nameserver = others.address
        reload(scene, daemon)
        scene.wait_until_told(Line.LISTED, MX1)
        asked = scene.lists.asked
        others.wait_for_questions(10)
        assert scene.lists.asked == asked
        assert daemon.terminate() == 0


def test_the_file_counts_as_it_is_at_the_last_signal(scene: Scene) -> None:
    """The second signal comes while the first change waits for a batch that gets no answer."""
    scene.estate.resolver = 'timeout = "20s"\nattempts = 2'
    daemon = scene.start()
    scene.lists.fall_silent()
    scene.lists.wait_for_questions()
    scene.estate.servers["mx3"] = Registered((MX3,))
    scene.estate.write()
    daemon.send(signal.SIGHUP)
    scene.estate.servers["mx4"] = Registered(("198.18.0.4",))
    scene.estate.write()
    daemon.send(signal.SIGHUP)
    eventually(lambda: "reload.done servers=4" in daemon.stderr, 20, lambda: daemon.stderr)


def test_a_signal_during_the_start_is_not_lost(scene: Scene) -> None:
    daemon = scene.daemon()
    daemon.start()
    # The lock is there once signals are heard, and before anything is assembled.
    eventually((scene.estate.folder / "rblwatch.db.lock").exists, 20, lambda: daemon.stderr)
    scene.estate.servers["mx3"] = Registered((MX3,))
    scene.estate.write()
    daemon.send(signal.SIGHUP)
    daemon.wait_for_line("reload.done servers=3")
