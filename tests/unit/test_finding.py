"""What is said of found addresses, whatever lists say of them."""

from rblwatch.core.finding import remarks_on
from rblwatch.core.target import parse_address


def test_found_addresses_that_no_blocklist_has_are_remarked_on_as_registered_ones_are() -> None:
    texts = ["8.8.8.8", "10.0.0.5", "127.0.0.1", "192.168.1.1", "192.0.2.1", "2001:db8::1", "fd00::1", "2600::1"]
    many = "are each {}, which no blocklist has; they are watched all the same"
    assert remarks_on(map(parse_address, texts)) == (
        f"10.0.0.5, 192.168.1.1, fd00::1 {many.format('a private or reserved address')}",
        "127.0.0.1 is a loopback address, which no blocklist has; it is watched all the same",
        f"192.0.2.1, 2001:db8::1 {many.format('a documentation address')}",
    )


def test_ordinary_addresses_make_no_remark() -> None:
    assert remarks_on([parse_address("8.8.8.8")]) == ()
