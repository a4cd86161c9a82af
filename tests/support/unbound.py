"""A real caching resolver: unbound, which knows the way to the given zones and to nothing else.

It caches as the records' TTLs say, so that a test meets the same stale answers as an admin does.
"""

import shutil
import subprocess
from collections.abc import Mapping, Sequence

from tests.support.dnsquery import rcode_of
from tests.support.endpoint import Endpoint, new_endpoint
from tests.support.process import DebianServer, Process, as_server_user, find_binary, hand_over

PORT = 15301

# Everything that would ask the real Internet, answer from stale data or keep a record longer than its TTL is off.
_CONFIG = """
server:
    interface: {endpoint.host}
    port: {endpoint.port}
    outgoing-interface: {endpoint.host}
    access-control: 127.0.0.0/8 allow
    do-ip6: no
    do-not-query-localhost: no
    do-daemonize: no
    username: ""
    chroot: ""
    directory: "{folder}"
    pidfile: ""
    use-syslog: no
    verbosity: 1
    num-threads: 1
    module-config: "iterator"
    cache-min-ttl: 0
    prefetch: no
    serve-expired: no
    aggressive-nsec: no
    qname-minimisation: no
    minimal-responses: no
    infra-host-ttl: 1
    unblock-lan-zones: yes
    local-zone: "." refuse
{server_lines}
remote-control:
    control-enable: yes
    control-use-cert: no
    control-interface: "{folder}/control"
forward-zone:
    name: "."
    forward-addr: 127.0.0.1@9
{zone_lines}
"""
_STUB = 'stub-zone:\n    name: "{zone}"\n    stub-addr: {server.host}@{server.port}\n    stub-prime: no\n'


class Unbound(DebianServer):
    """The resolver, between whoever asks it and the servers of `zones`; every other name is REFUSED.

    `server_lines` are further lines of unbound's `server:` section, e.g. `private-address: 127.0.0.0/8`, with which a
    resolver strips what blocklists answer.
    """

    def __init__(self, zones: Mapping[str, Endpoint], server_lines: Sequence[str] = ()) -> None:
        super().__init__("unbound")
        self.endpoint: Endpoint = new_endpoint(PORT)
        # Debian's AppArmor profile lets /usr/sbin/unbound read its own folders only; a copy is not confined.
        binary = str(shutil.copy(find_binary("unbound"), self._folder))
        self._config = self._folder / "unbound.conf"
        self._zones = dict(zones)
        self._write(server_lines)
        self._process = Process("unbound", [binary, "-d", "-p", "-c", str(self._config)], self._folder)

    def start(self) -> None:
        self._process.start(lambda: rcode_of(self.endpoint, "ready.example.", timeout_s=0.1) == "REFUSED")

    def stop(self) -> None:
        """Be gone; the cache is lost."""
        self._process.stop()

    def behave_as(self, *server_lines: str) -> None:
        """Follow these `server_lines` from now on, in place of those from before; the cache is lost."""
        self._write(server_lines)
        self._control("reload")

    def flush(self, zone: str = ".") -> None:
        """Forget every answer at and below a name, as if its TTL had run out."""
        self._control("flush_zone", zone)

    def change(self, name: str, *records: str) -> None:
        """Replace what its own data (`local-data`) has on a name: `change("mx.example", "60 A 192.0.2.1")`."""
        self._control("local_data_remove", name)
        for record in records:
            self._control("local_data", f"{name}. {record}")

    def _write(self, server_lines: Sequence[str]) -> None:
        lines = [*server_lines, *(f'local-zone: "{zone}." transparent' for zone in self._zones)]
        stubs = "".join(_STUB.format(zone=zone, server=server) for zone, server in self._zones.items())
        self._config.write_text(
            _CONFIG.format(
                endpoint=self.endpoint,
                folder=self._folder,
                server_lines="\n".join(f"    {line}" for line in lines),
                zone_lines=stubs,
            )
        )
        hand_over(self._config)

    def _control(self, *words: str) -> None:
        command = [find_binary("unbound-control"), "-c", str(self._config), *words]
        subprocess.run(as_server_user(command), check=True, capture_output=True, timeout=10)
