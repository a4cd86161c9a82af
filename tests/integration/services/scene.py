"""What scenarios over services have in common: a few servers and lists, and short questions about a site."""

from collections.abc import Iterable
from datetime import timedelta
from ipaddress import ip_network

from rblwatch.core.alert import Line
from rblwatch.core.blocklist import Blocklist, SelfTest, bare
from rblwatch.core.incident import Condition
from rblwatch.core.message import Message
from rblwatch.core.settings import Server, Settings
from rblwatch.core.standing import Change
from rblwatch.core.target import Family, Target
from rblwatch.store.database import Store
from tests.support.configuration import settings_of
from tests.support.site import Site
from tests.support.world import ScriptedClock, ScriptedList, World

HOST = Target("10.0.0.1", Family.IPV4)
OTHER = Target("10.0.0.2", Family.IPV4)
MX1 = Server(name="mx1", networks=(ip_network("10.0.0.1/32"),), tags=("production",))
MX2 = Server(name="mx2", networks=(ip_network("10.0.0.2/32"),))
CHAT, MAIL = "chat", "mail"
TEST_POINT = Target("127.0.0.2", Family.IPV4)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def list_of(zone: str = "a.test", *, positive_ttl_s: int = 60, negative_ttl_s: int = 60) -> ScriptedList:
    return ScriptedList(bare(zone), positive_ttl_s, negative_ttl_s)


def unverified(zone: str) -> Blocklist:
    """A list without a self-test."""
    return Blocklist(id=zone, zone=zone, name=zone, selftest=SelfTest())


async def watching(
    store: Store,
    *lists: ScriptedList,
    servers: Iterable[Server] = (MX1, MX2),
    settings: Settings | None = None,
    first_round: bool = True,
) -> Site:
    """A site that has asked everything once, unless told otherwise."""
    site = Site(store, World(ScriptedClock(), lists))
    await site.start(settings or settings_of(servers, [scripted.blocklist for scripted in lists]))
    if first_round:
        await site.sweep()
        await site.monitor.release_first_looks()
        await site.deliver()
    return site


async def look(site: Site) -> None:
    """After an interval, ask everything, and let what gathers leave."""
    site.clock.advance(minutes(15))
    await site.sweep()
    await site.monitor.release_first_looks()
    await tell(site)


async def tell(site: Site) -> None:
    """Let what gathers leave."""
    site.clock.advance(timedelta(seconds=30))
    await site.deliver()


def pending(site: Site) -> list[tuple[str, str, Change]]:
    """What the status shows as waiting for its proof."""
    return [
        (pair.blocklist, target.target.text, pair.pending.change)
        for server in site.status().servers
        for target in server.targets
        for pair in target.pairs
        if pair.pending is not None
    ]


def held(site: Site) -> list[tuple[str, str]]:
    """Which targets are held to be listed where."""
    listings = site.store.read_now(lambda queries: queries.open_listings())
    return [(listing.blocklist, listing.target.text) for listing in listings]


def condition(site: Site, blocklist: str) -> Condition:
    (found,) = [status.condition for status in site.status().blocklists if status.blocklist == blocklist]
    assert found is not None
    return found


def said(message: Message) -> list[tuple[Line, str]]:
    """A message's lines about listings."""
    return [(entry.line, entry.news.listing.target.text) for entry in message.entries if entry.news.listing is not None]


def to(site: Site, recipient: str, *, since: int = 0) -> list[Message]:
    """All messages that arrived at a recipient."""
    return [message for message in site.notifier.arrived if message.recipient == recipient][since:]
