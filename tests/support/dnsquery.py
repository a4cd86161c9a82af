"""Asking one DNS question, the plain way: to see whether a server is ready, and what a test's server says."""

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from tests.support.endpoint import Endpoint


def ask(server: Endpoint, name: str, kind: str = "A", timeout_s: float = 3.0) -> dns.message.Message | None:
    """Ask once over UDP, with recursion desired; None when no answer came within `timeout_s` seconds."""
    question = dns.message.make_query(name, kind)
    try:
        return dns.query.udp(question, server.host, port=server.port, timeout=timeout_s, ignore_unexpected=True)
    except (dns.exception.Timeout, OSError):
        return None


def rcode_of(server: Endpoint, name: str, kind: str = "A", timeout_s: float = 1.0) -> str:
    """Name the answer's rcode, e.g. NXDOMAIN; TIMEOUT when there was no answer."""
    answer = ask(server, name, kind, timeout_s)
    return "TIMEOUT" if answer is None else dns.rcode.to_text(answer.rcode())


def records_of(server: Endpoint, name: str, kind: str = "A") -> list[str]:
    """Give the answer's records of the kind asked, sorted, as text; none when there was no answer."""
    answer = ask(server, name, kind)
    wanted = dns.rdatatype.from_text(kind)
    return sorted(
        str(record) for rrset in (answer.answer if answer else []) if rrset.rdtype == wanted for record in rrset
    )
