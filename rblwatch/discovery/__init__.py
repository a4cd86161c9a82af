"""Host names, mail exchangers and SPF policies of registered servers become targets."""

from rblwatch.discovery.discover import Discovery, Limits, NameDiscoverer, discover

__all__ = ["Discovery", "Limits", "NameDiscoverer", "discover"]
