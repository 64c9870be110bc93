"""The connectors of a demonstration: `connectors.toml`, with the address of its mock hub."""

from pathlib import Path

TEMPLATE = Path(__file__).with_name("connectors.toml")
HUB = "{hub}"  # placeholder in the addresses for the address of the mock hub


def write(file: Path, port: int) -> None:
    """Write them to `file`, which the product reads; the hub listens on this port of 127.0.0.1."""
    content = TEMPLATE.read_text(encoding="utf-8").replace(HUB, f"http://127.0.0.1:{port}")
    fresh = file.with_name(f"{file.name}.new")
    fresh.write_text(content, encoding="utf-8")
    fresh.replace(file)  # atomically: commands of the same installation may read it
