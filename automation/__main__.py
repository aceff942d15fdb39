"""`python -m automation`: see `automation.cli`."""

from __future__ import annotations

from automation.cli import main

if __name__ == "__main__":
    main()
