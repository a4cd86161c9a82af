"""A certificate authority of the tests' own, and servers' certificates from it, good and bad."""

import ssl
import subprocess
from pathlib import Path

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


class Authority:
    """Made with the program `openssl`, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.certificate = folder / "ca.pem"
        self._openssl(
            "req", "-x509", *_KEY, "-days", "2", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem"
        )

    def context(self, names: str, *, days: int = 2) -> ssl.SSLContext:
        """What a server speaks TLS with, e.g. for `IP:127.0.0.1`; negative days: its certificate has run out."""
        self._openssl("req", *_KEY, "-subj", "/CN=server", "-keyout", "key", "-out", "request")
        (self._folder / "names").write_text(f"subjectAltName={names}\n")
        signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", str(days), "-extfile", "names")
        self._openssl("x509", "-req", "-in", "request", *signed, "-out", "certificate")
        return self._context()

    def self_signed(self, names: str) -> ssl.SSLContext:
        """The same, signed by itself."""
        self._openssl(
            "req", "-x509", *_KEY, "-days", "2", "-subj", "/CN=self", "-addext", f"subjectAltName={names}",
            "-keyout", "key", "-out", "certificate",
        )  # fmt: skip
        return self._context()

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._folder / "certificate", self._folder / "key")
        return context

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self._folder, check=True, capture_output=True)
