"""What probably brought a target on a list, read from what the list's own table says of its codes.

Owns the closed set of causes, how they are recognized, and what to do first about each. It never says more than the
table does: without a word about the cause there is none, and what there is stays "likely". Must not know sinks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from ipaddress import IPv4Address

from rblwatch.core.blocklist import Blocklist, Claim, Meaning, Scope


class Cause(StrEnum):
    """What probably is behind a listing."""

    OPEN_RELAY = "open-relay"
    INFECTED = "infected-host"
    OPEN_PROXY = "open-proxy"
    ATTACK = "attack"
    BACKSCATTER = "backscatter"
    POLICY = "policy-range"
    REVERSE_NAME = "reverse-name"
    AUTHENTICATION = "mail-authentication"
    SNOWSHOE = "snowshoe"
    SPAM_TRAP = "spam-trap"
    SPAM = "spam"
    REPUTATION = "reputation"
    NETWORK = "network"
    WEBSITE = "web-site"
    NEW_DOMAIN = "new-domain"
    DOMAIN_IN_SPAM = "domain-in-spam"


#: In the order of trust: what is read first wins. The words are those of the catalogue and of common custom lists.
_ABOUT_ADDRESSES = (
    (Cause.POLICY, r"policy block list|not meant to send mail|private customer|^an? (dynamic|static|generic) address"),
    (Cause.REVERSE_NAME, r"reverse name"),
    (Cause.OPEN_RELAY, r"^(an? )?open (mail )?relay"),
    (Cause.INFECTED, r"broken into|botnet|\bbots?\b(?!net)|\bspam ?bot|\bworms?\b|\bdrone\b|infected|^exploit"),
    (Cause.OPEN_PROXY, r"^(an? )?(open )?([a-z]+ )?(open )?proxy\b|^a chain of proxies|vpn service"),
    (Cause.ATTACK, r"passwords?|log-?ins?\b|break into|attacks?\b|flooding|injection|denial-of-service|scans networks"),
    (Cause.BACKSCATTER, r"bounces"),
    (Cause.AUTHENTICATION, r"fails authentication"),
    (Cause.SNOWSHOE, r"snowshoe|a little from many"),
    (Cause.REPUTATION, r"reputation|sender score|senderscore"),
    (Cause.SPAM_TRAP, r"\btraps?\b|honeypot|never belonged to anybody"),
    (Cause.SPAM, r"\bspam\b|bad mail|bulk mail|sends abusively"),
)
_ABOUT_NAMES = (
    (Cause.WEBSITE, r"a good domain, abused|broken into|phishing|malware|botnet"),
    (Cause.NEW_DOMAIN, r"\bregistered\b|first seen"),
    (Cause.DOMAIN_IN_SPAM, r"\bspam\b|used in (bulk )?mail|bad reputation"),
)
#: What a table says of codes that accuse nobody, or that it does not know itself.
_NOTHING_KNOWN = re.compile(
    r"does not explain|said nothing clear|was (tested|scanned)|address space|test entry", re.IGNORECASE
)

_NAMED = {
    Cause.OPEN_RELAY: "the server relays mail for strangers (an open relay)",
    Cause.INFECTED: "a machine behind this address is infected or was broken into",
    Cause.OPEN_PROXY: "an open proxy or VPN is reachable at this address",
    Cause.ATTACK: "something behind this address guesses passwords or attacks other hosts",
    Cause.BACKSCATTER: "the server answers forged mail with bounces or sender verification (backscatter)",
    Cause.POLICY: "the address is in a range that is not meant to send mail directly; nobody is accused of spam",
    Cause.REVERSE_NAME: "the address has no reverse name, or one that looks generic",
    Cause.AUTHENTICATION: "mail from this address fails authentication (SPF or DKIM)",
    Cause.SNOWSHOE: "mail of bad reputation in small amounts, often spread over many addresses (snowshoe)",
    Cause.SPAM_TRAP: "mail from this address hit spam traps: an old address list, a hacked account or web form",
    Cause.SPAM: "spam was seen from this address: a hacked account or web form, or mail that nobody asked for",
    Cause.REPUTATION: "the volume or the kind of mail from this address gave it a bad reputation",
    Cause.NETWORK: "the entry is about the network around this address, not about its own mail",
    Cause.WEBSITE: "the web site of this domain was broken into or is abused",
    Cause.NEW_DOMAIN: "the domain is new; no bad word is said of it",
    Cause.DOMAIN_IN_SPAM: "the domain is named in spam",
}

_READ_THE_MAIL_LOG = "look in the mail log for a sender or account with unusual volume, stop it and change its password"
_ASK_THE_PROVIDER = "ask the provider of the network; there is little that the server's own admin can do"
_FIRST = {
    Cause.OPEN_RELAY: "close the relay: accept mail from outside for your own domains only, and test it again",
    Cause.INFECTED: "look for the infected machine (behind a NAT any of them), and block port 25 outwards for the rest",
    Cause.OPEN_PROXY: "find and close the proxy or VPN, and see who used it",
    Cause.ATTACK: "look for unknown processes, accounts and outgoing connections, and change passwords",
    Cause.BACKSCATTER: "reject unknown recipients during the SMTP dialogue instead of bouncing later",
    Cause.POLICY: "send through your provider's relay, or have the address taken out if it is a mail server's own",
    Cause.REVERSE_NAME: "give the address a reverse name of its own that resolves back to it",
    Cause.AUTHENTICATION: "see that SPF and DKIM pass for every domain that sends here",
    Cause.SNOWSHOE: _READ_THE_MAIL_LOG,
    Cause.SPAM_TRAP: f"{_READ_THE_MAIL_LOG}; stop mailings to lists of unknown origin",
    Cause.SPAM: _READ_THE_MAIL_LOG,
    Cause.REPUTATION: _READ_THE_MAIL_LOG,
    Cause.NETWORK: _ASK_THE_PROVIDER,
    Cause.WEBSITE: "look for foreign files and redirects on the domain's web site",
    Cause.NEW_DOMAIN: "wait; entries of this kind end by themselves",
    Cause.DOMAIN_IN_SPAM: "see who sends mail with links to this domain, and whether its web site was broken into",
}


def likely_causes(codes: Iterable[str], blocklist: Blocklist | None) -> tuple[Cause, ...]:
    """What the codes of a listing point at, each cause once, in the order of the codes; empty: nothing is known."""
    if blocklist is None:
        return ()
    said = [meaning for code in codes for meaning in blocklist.meanings(IPv4Address(code))]
    found = [_cause(meaning) for meaning in said if meaning.claim in (Claim.LISTED, Claim.INFO)]
    return tuple(dict.fromkeys(cause for cause in found if cause is not None))


def named(cause: Cause) -> str:
    """The cause in words, without "likely" and without a full stop."""
    return _NAMED[cause]


def first_step(cause: Cause) -> str:
    """What to do first about it, without a full stop."""
    return _FIRST[cause]


def _cause(meaning: Meaning) -> Cause | None:
    text = meaning.text or meaning.label
    if _NOTHING_KNOWN.search(text):
        return None
    rules = _ABOUT_NAMES if meaning.scope is Scope.DOMAIN else _ABOUT_ADDRESSES
    read = next((cause for cause, pattern in rules if re.search(pattern, text, re.IGNORECASE)), None)
    if meaning.scope.width and read is not Cause.POLICY:
        return Cause.NETWORK
    return read
