"""From text in YAML to one checked `Settings`: the keys, their types and every rule about their values."""
