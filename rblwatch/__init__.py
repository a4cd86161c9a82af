"""rblwatch watches the reputation of mail servers on DNS blocklists. It never says more than it knows."""

__version__ = "0.1.0"
