"""Temporary until the real one is merged."""
from dataclasses import dataclass
from pathlib import Path
@dataclass
class Cli:
    path: Path
def ensure(say):
    return Cli(Path.home()/".cache/node-on-ecs/pulumi/3.274.1/bin/pulumi")
