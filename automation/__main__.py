"""`python -m automation`: see `automation.cli`."""

from __future__ import annotations

import gc

from automation.cli import main

if __name__ == "__main__":
    # What a command loads and makes lives to its end: the collector would walk through all of it again and
    # again, for a third of the time, and once more at the exit.
    gc.disable()
    try:
        main()
    finally:
        gc.freeze()
