"""Real servers on loopback, and what tests need to wait for them.

Every server has an address of its own, files of its own, and is asked until it answers before a test goes on.
"""
