"""The symbols of BPMN as paths: triggers of events, types of tasks, gateways and markers."""

import math
from collections.abc import Mapping

# In a square of 36, the size of a normal event.
TRIGGERS: Mapping[str, str] = {
    "message": "M9 12h18v12.5H9zM9 12l9 7 9-7",
    "signal": "M18 9l8.5 15h-17z",
    "error": "M9.5 26.5l4.2-14.6 6 7.4 6.8-9.8-4.4 15.1-5.9-7.4z",
    "escalation": "M18 9l6.6 17L18 19.3 11.4 26z",
    "conditional": "M11.5 9h13v18h-13zM14 12.8h8M14 16.3h8M14 19.8h8M14 23.3h8",
    "link": "M9 15h10v-4.6l8.5 7.6-8.5 7.6V21H9z",
    "compensate": "M17.5 11.5v13L8.6 18zM26.4 11.5v13L17.5 18z",
    "cancel": "M11 13.2l2.2-2.2 4.8 4.8 4.8-4.8 2.2 2.2-4.8 4.8 4.8 4.8-2.2 2.2-4.8-4.8-4.8 4.8-2.2-2.2"
    " 4.8-4.8z",
    "multiple": "M18 8.8l9.2 6.7-3.5 10.8H12.3L8.8 15.5z",
    "parallel": "M15.8 9h4.4v6.8H27v4.4h-6.8V27h-4.4v-6.8H9v-4.4h6.8z",
    "terminate": "M18 8a10 10 0 1 0 .01 0z",
}
ENVELOPE_FLAP = "M9 12l9 7 9-7"


def _clock() -> str:
    ticks = []
    for hour in range(12):
        x, y = math.sin(hour * math.pi / 6), math.cos(hour * math.pi / 6)
        ticks.append(f"M{18 + 8.6 * x:.1f} {18 - 8.6 * y:.1f}L{18 + 10.6 * x:.1f} {18 - 10.6 * y:.1f}")
    return "M18 7.4a10.6 10.6 0 1 0 .01 0z" + "".join(ticks) + "M19.8 11.4L18 18h5"


def _gear(x: float, y: float, radius: float) -> str:
    points = []
    for tooth in range(8):
        for turn, far in ((-0.22, 1), (0.22, 1), (0.3, 0.74), (0.485, 0.74)):
            angle = tooth * math.pi / 4 + turn * math.pi / 4 * 2
            points.append(
                f"{x + radius * far * math.sin(angle):.1f} {y - radius * far * math.cos(angle):.1f}"
            )
    hole = radius * 0.36
    ring = f"M{x:.1f} {y - hole:.1f}a{hole:.1f} {hole:.1f} 0 1 0 .01 0z"
    return "M" + "L".join(points) + "z" + ring


CLOCK = _clock()

# In a square of 18, in the upper left corner of a task: the outline, and whether it is filled.
TASKS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "userTask": (
        ("sign", "M2 17v-3c0-2.3 2-3.7 4.2-4.2h5.6c2.2.5 4.2 1.9 4.2 4.2v3z"),
        ("sign ink", "M5 5.4C5 3 6.6 1.4 9 1.4s4 1.6 4 4c-1.4.6-2.6.5-3.8-.6C8.2 5.5 6.8 5.8 5 5.4z"),
        ("sign", "M5 5.4C5 8.2 6.8 9.8 9 9.8s4-1.6 4-4.4"),
    ),
    "manualTask": (
        ("sign", "M1.5 8.2L5.9 3.6c.9-.9 2.3-.1 1.9 1L7 6.4h8.7c1.5 0 1.5 2.1 0 2.1h-5.2"
         "h6.4c1.4 0 1.4 2.1 0 2.1h-6.4 5.5c1.4 0 1.4 2.1 0 2.1h-5.5 4.3c1.4 0 1.4 2 0 2H5"
         "c-2 0-3.5-1-3.5-3z"),
    ),
    "serviceTask": (("fine", _gear(7, 7, 6.8)), ("fine paper", _gear(11.5, 11.5, 6.4))),
    "scriptTask": (
        ("sign", "M5.5 1.5h9.5c-3.2 2.6-1.4 4.9 0 7.5s1.2 5.2-1.8 7.5H3.5"
         "c3-2.3 3.2-4.9 1.8-7.5S2.7 4.1 5.5 1.5z"),
        ("sign", "M5.4 4.5h6.2M6.2 7.5h6.2M7 10.5h6.2M6.2 13.5h6.2"),
    ),
    "sendTask": (("ink", "M1 3h16v11.5H1z"), ("flap", "M1 3.5l8 6.3 8-6.3")),
    "receiveTask": (("sign", "M1 3h16v11.5H1zM1 3l8 6.5L17 3"),),
    "businessRuleTask": (
        ("sign", "M1 3h16v12H1zM1 11h16M6 6.8V15"),
        ("sign ink", "M1 3h16v3.8H1z"),
    ),
}  # fmt: skip

# In a square of 14, in the middle of an activity's lower edge.
MARKS: Mapping[str, tuple[str, str]] = {
    "loop": ("sign", "M4.6 12.3A5.4 5.4 0 1 1 8.3 12.5M1.3 12.3h3.6V8.7"),
    "parallel": ("bars", "M3 1.5v11M7 1.5v11M11 1.5v11"),
    "sequential": ("bars", "M1.5 3h11M1.5 7h11M1.5 11h11"),
    "compensation": ("sign", "M7 2.5v9L1 7zM13 2.5v9L7 7z"),
    "adhoc": ("ink", "M1 8.4C2.5 4.4 4.6 4 7 5.8c2.3 1.7 4.2 1.5 6-.9v2.5c-1.8 2.7-4 3-6.2 1.3"
              "C4.6 7 2.8 7.6 1 10.6z"),
    "inside": ("sign", "M.5.5h13v13H.5zM7 3v8M3 7h8"),
}  # fmt: skip

# In a square of 50.
GATEWAYS: Mapping[str, tuple[str, str]] = {
    "exclusiveGateway": ("cross", "M18.5 16.5l13 17M31.5 16.5l-13 17"),
    "parallelGateway": ("cross", "M25 13v24M13 25h24"),
    "inclusiveGateway": ("ring", "M25 13.5a11.5 11.5 0 1 0 .01 0z"),
    "complexGateway": ("cross", "M25 13v24M13 25h24M16.5 16.5l17 17M33.5 16.5l-17 17"),
}
PENTAGON = "M25 17.2l7.7 5.6-2.9 9.1h-9.6l-2.9-9.1z"
PLUS = "M23 17.5h4V23h5.5v4H27v5.5h-4V27h-5.5v-4H23z"


def circle(x: float, y: float, radius: float) -> str:
    """Returns a circle as a path."""
    return f"M{x:.1f} {y - radius:.1f}a{radius:.1f} {radius:.1f} 0 1 0 .01 0z"
