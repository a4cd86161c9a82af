"""Benchmarks, side by side with other tools: `python -m bench [NAME…]`; without a name, all of them.

Owns the choice of what is run. Each benchmark is a module here with a `run()` that prints.
"""

import sys

from bench import peers

BENCHMARKS = {"peers": peers.run}


def main(names: list[str]) -> int:
    unheard_of = [name for name in names if name not in BENCHMARKS]
    if unheard_of:
        print(f"bench: no benchmark {', '.join(unheard_of)}; there is: {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    return max(BENCHMARKS[name]() for name in names or BENCHMARKS)


sys.exit(main(sys.argv[1:]))
