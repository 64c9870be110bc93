"""Report the results of the collections: `python -m tests.conformance [--decisions] [--record | FILE…]`.

With `--decisions` it is the OMG's test kit for DMN; files are its folders then.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from engine.bpmn import sandbox
from tests.conformance import dmn_report
from tests.conformance.corpus import FILES
from tests.conformance.report import document, record, result


def main(arguments: list[str]) -> None:
    """The report, with --record written down as well; or of files, named in part, all findings and runs."""
    if "--decisions" in arguments:
        return decisions(arguments)
    if not FILES:
        sys.exit("There are no collections beside the checkout.")
    if "--record" in arguments:
        record()
    names = [argument for argument in arguments if not argument.startswith("--")]
    for path in FILES:
        if any(name in f"{path.parent.name}/{path.name}" for name in names):
            sys.stdout.writelines(f"{line}\n" for line in _told(path))
    if not names:
        sys.stdout.write(document())
    sandbox.close_pool()
    return None


def decisions(arguments: list[str]) -> None:
    """The same of the test kit for DMN."""
    if not dmn_report.kit_is_there():
        sys.exit("There is no test kit for DMN beside the checkout.")
    if "--record" in arguments:
        dmn_report.record()
    names = [argument for argument in arguments if not argument.startswith("--")]
    for each in dmn_report.outcomes():
        case = each.case
        if any(name in case.folder for name in names):
            verdict = "passed" if each.passed else f"FAILED {each.told}"
            sys.stdout.write(f"{case.folder}/{case.file} {case.number} {case.result}: {verdict}\n")
    if not names:
        sys.stdout.write(dmn_report.document())


def _told(path: Path) -> Iterator[str]:
    found = result(path)
    yield f"{found.judged.corpus}/{found.judged.name}"
    yield from (f"  needs: {kind}, {where}" for kind, where in found.judged.needs.items())
    for finding in found.judged.report.findings:
        place = f"{finding.element or ''}:{finding.line}"
        yield f"  {finding.severity} {finding.code} {place}: {finding.reason}"
    for run in found.ran.outcomes if found.ran else ():
        yield f"  {run.process} from {run.start or 'the start'}, {run.plan}: {run.end}"
        yield f"    {' '.join(run.passed)}"
        yield from (f"    ! {element} {code}: {message}" for element, code, message in run.incidents)


main(sys.argv[1:])
