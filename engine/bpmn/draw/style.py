"""The style of pictures: one constant style sheet, so that a page's security policy can allow its digest.

A page with an inline picture sets its colours by the variables.
"""

from base64 import b64encode
from hashlib import sha256

_HEAT = (
    "#fff7e0",
    "#feeec0",
    "#fee39f",
    "#fed57f",
    "#fdc364",
    "#fcae50",
    "#f89643",
    "#f27c39",
    "#e96132",
    "#dd452c",
)
_RULES = """
.bpmn{font-family:Vazirmatn,"Noto Sans Arabic",Arial,sans-serif;background:var(--bpmn-paper,#fff)}
.bpmn path,.bpmn rect,.bpmn circle{stroke-width:1.5;stroke-linejoin:round}
:where(.bpmn :is(path,rect,circle):not([stroke])){stroke:var(--bpmn-line,#22242a)}
:where(.bpmn :is(path,rect,circle):not([fill])){fill:none}
.bpmn .body:not([fill]){fill:var(--bpmn-paper,#fff)}
.bpmn .pool>.body{stroke-width:1.5}
.bpmn .thin{stroke-width:1}
.bpmn .thick{stroke-width:3.5}
.bpmn .dashed{stroke-dasharray:5 3}
.bpmn .dotted{stroke-dasharray:.1 4;stroke-linecap:round}
.bpmn .broken{stroke-dasharray:9 5}
.bpmn .group{stroke-dasharray:9 4 1.5 4}
.bpmn .sign{stroke-width:1.1}
.bpmn .fine{stroke-width:.8}
.bpmn .ink{fill:var(--bpmn-line,#22242a);stroke-width:1}
.bpmn .paper{fill:var(--bpmn-paper,#fff)}
.bpmn .flap{stroke:var(--bpmn-paper,#fff);stroke-width:1.2}
.bpmn .bars{stroke-width:2}
.bpmn .cross{stroke-width:4}
.bpmn .ring{stroke-width:3}
.bpmn text{fill:var(--bpmn-text,#22242a);text-anchor:middle;unicode-bidi:isolate}
.bpmn .from{text-anchor:start}
.bpmn .rtl{direction:rtl}
.bpmn .halo{paint-order:stroke;stroke:var(--bpmn-paper,#fff);stroke-width:2.5;
stroke-opacity:.75;stroke-linejoin:round}
.bpmn .passed>.body,.bpmn .passed>.way{stroke:var(--bpmn-passed,#1b7f4b);stroke-width:2.2}
.bpmn .passed>.body{fill:var(--bpmn-passed-paper,#e9f6ee)}
.bpmn .note>.body,.bpmn .note>.way{stroke:var(--bpmn-note,#2f6fbf)}
.bpmn .warning>.body,.bpmn .warning>.way{stroke:var(--bpmn-warning,#a86500);stroke-width:2}
.bpmn .error>.body,.bpmn .error>.way{stroke:var(--bpmn-error,#c62828);stroke-width:2.4}
.bpmn .here>.body{stroke:var(--bpmn-token,#1557b0);stroke-width:3;fill:var(--bpmn-token-paper,#e3eefc)}
.bpmn .stuck>.body{stroke:var(--bpmn-error,#c62828);stroke-width:3;fill:var(--bpmn-error-paper,#fdecec)}
.bpmn .added>.body,.bpmn .added>.way{stroke:var(--bpmn-passed,#1b7f4b);stroke-width:2.6}
.bpmn .added>.body{fill:var(--bpmn-passed-paper,#e9f6ee)}
.bpmn .removed>.body,.bpmn .removed>.way{stroke:var(--bpmn-error,#c62828);stroke-width:2.6;
stroke-dasharray:6 3}
.bpmn .removed>.body{fill:var(--bpmn-error-paper,#fdecec)}
.bpmn .changed>.body,.bpmn .changed>.way{stroke:var(--bpmn-warning,#a86500);stroke-width:2.6}
.bpmn .badge rect{stroke:var(--bpmn-paper,#fff);stroke-width:1.5}
.bpmn .badge text{fill:#fff;font-weight:700}
.bpmn .badge.note rect{fill:var(--bpmn-note,#2f6fbf)}
.bpmn .badge.warning rect{fill:var(--bpmn-warning,#a86500)}
.bpmn .badge.added rect{fill:var(--bpmn-passed,#1b7f4b)}
.bpmn .badge.changed rect{fill:var(--bpmn-warning,#a86500)}
.bpmn .badge.removed rect,.bpmn .badge.error rect,.bpmn .badge.incident rect{fill:var(--bpmn-error,#c62828)}
.bpmn .badge.task rect{fill:var(--bpmn-token,#1557b0)}
.bpmn .badge.wait rect{fill:var(--bpmn-wait,#5a4fb0)}
.bpmn .badge.count rect{fill:var(--bpmn-count,#4a4f5a)}
"""
_HEATS = "".join(
    f".bpmn .heat{level}>.body{{fill:var(--bpmn-heat-{level},{colour})}}\n"
    for level, colour in enumerate(_HEAT)
)

STYLE = _RULES.lstrip() + _HEATS
# The policy for a browser that opens a picture: apply this style sheet, nothing else.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; sandbox"
)
