"""The rules of rblwatch: pure functions over frozen values.

Standard library only; no I/O, no clock, no randomness, no logging. Times and random numbers come in as arguments.
"""
