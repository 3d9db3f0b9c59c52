"""Reports for build servers: JUnit XML, one suite a scenario, one test case a run.

A run that is not as expected is a ``failure``, one of which nothing is known an ``error``, and so is a run that was
broken off. Where further runs were asked for and not made, one more suite has that as its ``error``: a build server
looks at the counts alone. The format is the one that Jenkins, GitLab and GitHub's reporters read:
https://github.com/testmoapp/junitxml. It has no times: the same runs give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final
from xml.etree import ElementTree as ET

from kafkasim.report.command import Overrides, command_that_repeats
from kafkasim.report.conclusion import Runs
from kafkasim.report.exit_codes import ExitCode
from kafkasim.report.run import conclusion_words
from kafkasim.report.several import interrupted_words
from kafkasim.report.unmet import unmet_words
from kafkasim.sim.result import Result

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


_ERRORS: Final = (ExitCode.UNKNOWN, ExitCode.INTERRUPTED)
"""What says nothing against the scenario, and nothing for it."""


def junit_xml(sweep: Sequence[Runs], overrides: Overrides, *, interrupted: bool = False) -> bytes:
    """The runs as a JUnit XML file; ``interrupted``: more were asked for."""
    root = ET.Element("testsuites", name="kafkasim")
    for runs in sweep:
        name = _text(runs.scenario.name)
        both = zip(runs.results, runs.codes, strict=True)
        # what half a run has found or missed is not what the run comes to
        codes = [ExitCode.INTERRUPTED if result.interrupted else code for result, code in both]
        suite = _suite(root, name, codes)
        for result, code in zip(runs.results, codes, strict=True):
            case = ET.SubElement(suite, "testcase", classname=name, name=f"seed {result.seed}")
            _outcome(case, result, code, overrides)
    if interrupted:
        suite = _suite(root, "kafkasim", [ExitCode.INTERRUPTED])
        case = ET.SubElement(suite, "testcase", classname="kafkasim", name="all runs")
        ET.SubElement(case, "error", message=interrupted_words(sweep).plain, type="interrupted")
    ET.indent(root)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _suite(root: ET.Element, name: str, codes: Sequence[ExitCode]) -> ET.Element:
    return ET.SubElement(
        root,
        "testsuite",
        name=name,
        tests=str(len(codes)),
        failures=str(codes.count(ExitCode.ANOMALY)),
        errors=str(sum(code in _ERRORS for code in codes)),
    )


def _outcome(case: ET.Element, result: Result, code: ExitCode, overrides: Overrides) -> None:
    body = "\n".join(_lines(result, overrides))
    if code is ExitCode.AS_EXPECTED:
        if result.check.anomalies:
            ET.SubElement(case, "system-out").text = _text(body)
        return
    tag = "error" if code in _ERRORS else "failure"
    message = conclusion_words(result, code).plain
    problem = ET.SubElement(case, tag, message=_text(message), type=_type(result, code))
    problem.text = _text(body)


def _type(result: Result, code: ExitCode) -> str:
    """What kind of problem it is, by which build servers group: the worst anomaly, where there is one."""
    if code in _ERRORS:
        return code.name.lower()
    kinds = [anomaly.kind for anomaly in result.check.anomalies if anomaly.severity == "error"]
    return "expectation" if result.unmet or not kinds else kinds[0]


def _lines(result: Result, overrides: Overrides) -> Iterator[str]:
    for anomaly in result.check.anomalies:
        at = "" if anomaly.key is None else f" at key {anomaly.key}"
        yield f"{anomaly.kind}{at}, {anomaly.count} times"
        for example in anomaly.examples[:1]:
            operations = ", ".join(f"#{place}" for place in example.operations)
            yield f"  {example.explanation}{f' (operations {operations})' if operations else ''}"
    for one in result.unmet:
        yield unmet_words(one)
    for kind, how in result.check.failed.items():
        yield f"the checker of {kind} failed: {how}"
    if result.failure:
        yield result.failure
    yield command_that_repeats(result.scenario.source or result.scenario.name, result.seed, overrides)


def _text(text: str) -> str:
    """The text without what XML cannot hold."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
