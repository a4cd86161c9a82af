"""A proxy that spoils answers: dnsdist, in front of a real server.

What it does to a zone can be changed while it runs; each change holds for the next question when its method returns.
"""

import base64
import subprocess

from tests.support.dnsquery import rcode_of
from tests.support.endpoint import Endpoint, new_endpoint
from tests.support.process import DebianServer, Process, as_server_user, find_binary, hand_over

PORT = 15302
CONTROL_PORT = 15303

_CONFIG = """
setSecurityPollSuffix("")
setLocal("{endpoint}")
setACL({{"127.0.0.0/8"}})
controlSocket("{control}")
setKey("{key}")
newServer({{address="{backend}", useClientSubnet=false}}):setUp()
addAction(QNameRule("ready.dnsdist."), RCodeAction(DNSRCode.NOTIMP))
"""
_READY = 'addAction(QNameRule("ready.dnsdist."), RCodeAction(DNSRCode.NOTIMP))'


class Dnsdist(DebianServer):
    """The proxy; what nobody spoils is passed to the backend, over UDP or TCP as it came."""

    def __init__(self, backend: Endpoint) -> None:
        super().__init__("dnsdist")
        self.endpoint: Endpoint = new_endpoint(PORT)
        self._rules: dict[str, str] = {}
        self._config = self._folder / "dnsdist.conf"
        control = Endpoint(self.endpoint.host, CONTROL_PORT)
        key = base64.b64encode(bytes(32)).decode()
        self._config.write_text(_CONFIG.format(endpoint=self.endpoint, control=control, key=key, backend=backend))
        hand_over(self._config)
        command = [find_binary("dnsdist"), "--supervised", "--disable-syslog", "-C", str(self._config)]
        self._process = Process("dnsdist", command, self._folder)

    def start(self) -> None:
        self._process.start(lambda: rcode_of(self.endpoint, "ready.dnsdist.", timeout_s=0.1) == "NOTIMP")
        self._apply()

    def stop(self) -> None:
        self._process.stop()

    def fail(self, zone: str, rcode: str = "SERVFAIL") -> None:
        """Answer every question about the zone with this rcode: SERVFAIL, REFUSED, NXDOMAIN, NOTIMP, FORMERR."""
        self._spoil(zone, "AllRule()", f"RCodeAction(DNSRCode.{rcode})")

    def truncate(self, zone: str) -> None:
        """Answer over UDP with nothing but the truncation bit; over TCP, what the backend says over TCP."""
        self._spoil(zone, "TCPRule(false)", "TCAction()")

    def drop(self, zone: str, share: float = 1.0) -> None:
        """Answer nothing, to every question or to a random share of them (0 to 1)."""
        self._spoil(zone, f"ProbaRule({share})", "DropAction()")

    def delay(self, zone: str, delay_ms: int) -> None:
        """Hold every answer over UDP back for this many milliseconds."""
        self._spoil(zone, "AllRule()", f"DelayAction({delay_ms})")

    def rewrite(self, zone: str, address: str) -> None:
        """Answer every question for an address with this one, as a provider's search page or a block page does."""
        self._spoil(zone, "QTypeRule(DNSQType.A)", f'SpoofAction("{address}")')

    def recover(self, zone: str) -> None:
        """Pass the zone's questions and answers on untouched again."""
        self._rules.pop(zone, None)
        self._apply()

    def _spoil(self, zone: str, rule: str, action: str) -> None:
        self._rules[zone] = f'addAction(AndRule({{makeRule("{zone}."), {rule}}}), {action})'
        self._apply()

    def _apply(self) -> None:
        """Replace all rules in one command; questions that come between two of its steps find the old or no rule."""
        lua = "; ".join(["clearRules()", _READY, *self._rules.values()])
        command = [find_binary("dnsdist"), "-C", str(self._config), "-c", "-e", lua]
        done = subprocess.run(as_server_user(command), check=False, capture_output=True, text=True, timeout=10)
        if done.returncode or "rror" in done.stdout + done.stderr:
            raise RuntimeError(f"dnsdist did not take its rules: {done.stdout}{done.stderr}\n{lua}")
