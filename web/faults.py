"""What is said beside a field that is not filled in correctly: a text's key and the limits that it names."""

from typing import Any

from engine.platform.errors import Fault


def told(fault: Fault) -> tuple[str, dict[str, Any]]:
    """What is said of a fault; of a wrong type what to write, where the field has one."""
    key = f"faults.{fault.code}"
    if fault.code == "type" and "type" in fault.values:
        key = f"{key}.{fault.values['type']}"
    return key, dict(fault.values)
