"""`python -m local.pulumi`: prints the path of a Pulumi CLI, which it installs if there is none."""

from __future__ import annotations

import sys

from local.pulumi import PulumiCliError, ensure, to_stderr


def main() -> None:
    """Show which CLI it is, and print its path on standard output."""
    try:
        cli = ensure()
    except PulumiCliError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    to_stderr(str(cli))
    print(cli.path)


if __name__ == "__main__":
    main()
