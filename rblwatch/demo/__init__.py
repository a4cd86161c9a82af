"""A whole world on loopback: blocklists that do as they are told, a chat, a mailbox, and a story to watch in them.

For `rblwatch demo` and for tests. Nothing else may import it, and it never touches the network.
"""
