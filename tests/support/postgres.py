"""A real PostgreSQL, made for the tests and thrown away with them."""

import itertools
import signal
import subprocess

import psycopg

from tests.support.endpoint import Endpoint, new_endpoint
from tests.support.process import DebianServer, Process, as_server_user, find_binary, hand_over

PORT = 15304
USER = "rblwatch"

#: Guards nothing; a test that greps for secrets looks for it.
PASSWORD = "postgres-password-of-tests"

# The data is thrown away anyway: what makes it survive a loss of power only costs time.
_CONFIG = """
listen_addresses = '{endpoint.host}'
port = {endpoint.port}
unix_socket_directories = ''
fsync = off
full_page_writes = off
synchronous_commit = off
max_connections = 60
shared_buffers = 16MB
"""


class Postgres(DebianServer):
    """One cluster on loopback, with as many databases as tests ask for."""

    def __init__(self) -> None:
        super().__init__("postgres")
        self.endpoint: Endpoint = new_endpoint(PORT)
        self._cluster = self._folder / "cluster"
        self._names = itertools.count(1)
        self._initialize()
        self._process = Process("postgres", [find_binary("postgres"), "-D", str(self._cluster)], self._folder)

    def url(self, database: str = "postgres") -> str:
        """Give a database's URL, as an admin writes it."""
        return f"postgresql://{USER}:{PASSWORD}@{self.endpoint}/{database}"

    def create_database(self) -> str:
        """Make an empty database of its own; give its URL."""
        name = f"test_{next(self._names)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)

    def start(self) -> None:
        """Serve; does nothing when it does already."""
        if not self._process.running:
            self._process.start(self._answers)

    def stop(self) -> None:
        """Be gone: every connection is cut at once. The databases are there again after `start`."""
        self._process.stop(signal.SIGINT)  # "fast": roll back, disconnect, end

    def _initialize(self) -> None:
        password = self._folder / "password"
        password.write_text(PASSWORD)
        hand_over(password)
        command = [
            *(find_binary("initdb"), "-D", str(self._cluster), "-U", USER, "-E", "UTF8", "--locale", "C.UTF-8"),
            *("--auth", "scram-sha-256", "--pwfile", str(password), "--no-sync"),
        ]
        done = subprocess.run(as_server_user(command), check=False, capture_output=True, text=True, cwd=self._folder)
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stdout}{done.stderr}")
        with (self._cluster / "postgresql.conf").open("a") as config:
            config.write(_CONFIG.format(endpoint=self.endpoint))

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True
