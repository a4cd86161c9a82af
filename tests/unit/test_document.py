"""The JSON of the interface, key by key."""

import json
from ipaddress import IPv4Address

import pytest

from rblwatch.core.blocklist import Blocklist, Meaning, Scope, Severity
from rblwatch.core.document import blocklist_document, target_document, verdict_document
from rblwatch.core.question import Reason
from rblwatch.core.soundness import Soundness, State
from rblwatch.core.target import Family, Target
from rblwatch.core.verdict import Clear, Listed, Unknown, Verdict

KEYED = Blocklist(
    id="zen",
    zone="hush.zen.example.net",
    public_zone="zen.example.net",
    keyed=True,
    lookup_url="https://example.net/?q={ip}",
    otherwise=Meaning("listed", Severity.MAJOR, scope=Scope.RANGE),
)
TARGET = Target("198.18.0.7", Family.IPV4)
CODE = IPv4Address("127.0.0.2")
EMPTY: dict[str, object] = {"codes": [], "labels": [], "severity": None, "scope": None, "reason": None, "text": None}


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        (
            Listed((CODE,), Severity.CRITICAL, ("SBL",)),
            {
                "verdict": "listed",
                "codes": ["127.0.0.2"],
                "labels": ["SBL"],
                "severity": "critical",
                "scope": "range",
                "text": "spam",
            },
        ),
        (Clear(), {"verdict": "clear"}),
        # A good word or a neutral score is clear, and kept.
        (Clear((CODE,), ("white",)), {"verdict": "clear", "codes": ["127.0.0.2"], "labels": ["white"]}),
        (Unknown(Reason.NOT_A_DNSBL_ANSWER), {"verdict": "unknown", "reason": "not-a-dnsbl-answer"}),
    ],
)
def test_a_verdict_has_every_key_and_never_the_keyed_zone(verdict: Verdict, said: dict[str, object]) -> None:
    document = verdict_document(KEYED, TARGET, verdict, "spam")
    links = {"lookup_url": "https://example.net/?q=198.18.0.7", "delist_url": None}
    assert document == {"blocklist": "zen", "zone": "zen.example.net", **EMPTY, **said, **links}
    assert "hush" not in json.dumps(document)


def test_a_target_counts_its_verdicts() -> None:
    said: list[Verdict] = [Clear(), Clear((CODE,)), Unknown(Reason.TIMEOUT), Listed((CODE,), Severity.MAJOR)]
    document = target_document(TARGET, [verdict_document(KEYED, TARGET, verdict) for verdict in said])
    assert (document["target"], document["listed"], document["clear"], document["unknown"]) == ("198.18.0.7", 1, 2, 1)
    assert [verdict["verdict"] for verdict in document["verdicts"]] == ["clear", "clear", "unknown", "listed"]


def test_a_list_shows_its_state_and_why() -> None:
    trouble = Soundness(State.REFUSING, Reason.REFUSAL_CODE, detail="answered 127.255.255.254")
    assert blocklist_document(KEYED, trouble) == {
        "blocklist": "zen",
        "zone": "zen.example.net",
        "state": "refusing",
        "reason": "refusal-code",
        "detail": "answered 127.255.255.254",
    }
    assert blocklist_document(KEYED, Soundness(State.SOUND))["reason"] is None
