"""Answers questions about versions, specifiers, requirements and resolutions.

Reads one JSON object a line from standard input and writes one JSON object a
line to standard output: {"op": NAME, "cases": [...]} gives {"answers": [...]},
and what goes wrong as a whole gives {"error": TEXT}. It answers with the
packaging library inside pip, and with pip itself.
"""
import contextlib
import functools
import io
import json
import os
import platform
import re
import sys
import tempfile
import warnings

warnings.simplefilter("ignore")

import pip
from pip._internal.cli.main import main as pip_main
from pip._internal.network import session
from pip._internal.utils import compatibility_tags
from pip._vendor import packaging
from pip._vendor.packaging import markers, requirements, specifiers, version


def remember():
    """Keeps what pip finds out anew in every run and what cannot change.

    That is what it calls itself, for which it starts other programs; the tags
    of the wheels that this Python takes; and that there is no module
    _manylinux, which is searched for with every tag.
    """
    sys.modules.setdefault("_manylinux", None)
    try:
        name = session.user_agent()
        session.user_agent = lambda: name
        supported = compatibility_tags.get_supported
        cached = functools.lru_cache(lambda *args: tuple(supported(*args)))
    except AttributeError:
        return  # another pip does it in another way

    def again(version=None, platforms=None, impl=None, abis=None):
        if platforms or abis:
            return supported(version, platforms, impl, abis)
        return list(cached(version, None, impl, None))

    for module in list(sys.modules.values()):
        if getattr(module, "get_supported", None) is supported:
            module.get_supported = again


def about(_):
    environment = markers.default_environment()
    return {
        "python": platform.python_version(),
        "pip": pip.__version__,
        "packaging": packaging.__version__,
        "environment": {key: value for key, value in environment.items() if isinstance(value, str)},
        "tags": [str(tag) for tag in compatibility_tags.get_supported()],
    }


def version_facts(text):
    try:
        v = version.Version(text)
    except version.InvalidVersion:
        return {"valid": False}
    return {
        "valid": True,
        "text": str(v),
        "public": v.public,
        "base": v.base_version,
        "local": v.local or "",
        "pre": v.is_prerelease,
        "post": v.is_postrelease,
    }


def compare(pair):
    try:
        a, b = version.Version(pair[0]), version.Version(pair[1])
    except version.InvalidVersion:
        return None
    return (a > b) - (a < b)


def specifier_set(text):
    """Returns the set, or None where it is refused.

    legacy tells that a clause was taken in a form that later releases dropped.
    """
    try:
        s = specifiers.SpecifierSet(text)
    except specifiers.InvalidSpecifier:
        return None, False
    legacy = getattr(specifiers, "LegacySpecifier", None)
    return s, legacy is not None and any(isinstance(c, legacy) for c in s)


def specifier(case):
    """Matches every version with pre-releases allowed and by default."""
    s, legacy = specifier_set(case["set"])
    if s is None:
        return {"valid": False}
    out = {"valid": True, "legacy": legacy, "contains": [], "gated": []}
    for v in case["versions"]:
        for key, prereleases in (("contains", True), ("gated", None)):
            try:
                out[key].append("yes" if s.contains(v, prereleases=prereleases) else "no")
            except Exception as e:  # the name of what it raises is the answer
                out[key].append(type(e).__name__)
    return out


def filtered(case):
    s, _ = specifier_set(case["set"])
    if s is None:
        return {"valid": False}
    out = {"valid": True}
    for key, prereleases in (("default", None), ("allow", True), ("refuse", False)):
        kept = s.filter(case["versions"], prereleases=prereleases)
        out[key] = [str(v) for v in kept]
    return out


def requirement(text):
    try:
        r = requirements.Requirement(text)
    except requirements.InvalidRequirement:
        return {"valid": False}
    except Exception as e:
        return {"valid": False, "raises": type(e).__name__}
    return {
        "valid": True,
        "name": r.name,
        "extras": sorted(r.extras),
        "specifier": str(r.specifier),
        "url": r.url or "",
        "marker": str(r.marker) if r.marker else "",
    }


def marker(case):
    """Evaluates in every environment: true, false or what it raises."""
    try:
        m = markers.Marker(case["marker"])
    except markers.InvalidMarker:
        return {"valid": False}
    except Exception as e:
        return {"valid": False, "raises": type(e).__name__}
    out = {"valid": True, "text": str(m), "holds": []}
    for environment in case["environments"]:
        try:
            out["holds"].append("true" if m.evaluate(environment) else "false")
        except Exception as e:
            out["holds"].append(type(e).__name__)
    return out


# What pip prints where there is no solution. It prints the same where it could
# not look for one, since it passes over a page that it does not get; only its
# log tells. A page that is not there (404) is a name that the index does not
# have.
NO_SOLUTION = ("ResolutionImpossible", "No matching distribution found", "requires a different Python")
UNREACHED = re.compile(r"Could not fetch URL (?!.* 404 Client Error)|Skipping page |Retrying \(")


def resolve(case):
    with tempfile.TemporaryDirectory(prefix="oracle-") as folder:
        report = os.path.join(folder, "report.json")
        constraints = os.path.join(folder, "constraints.txt")
        log = os.path.join(folder, "log.txt")
        with open(constraints, "w", encoding="utf-8") as f:
            f.write("".join(line + "\n" for line in case["constraints"]))
        arguments = [
            "install", "--dry-run", "--ignore-installed", "--report", report, "--log", log,
            "--no-cache-dir", "--isolated", "--disable-pip-version-check", "--no-input", "--no-color",
            "--progress-bar", "off", "--retries", "0", "--timeout", "10", "--only-binary", ":all:",
            "--index-url", case["index"], "--constraint", constraints,
        ]
        output = io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            try:
                status = pip_main(arguments + case["requirements"])
            except SystemExit as e:
                status = e.code
        if status == 0:
            with open(report, encoding="utf-8") as f:
                installed = json.load(f)["install"]
            pins = {item["metadata"]["name"]: item["metadata"]["version"] for item in installed}
            return {"outcome": "solved", "pins": pins}
        text = output.getvalue()
        with open(log, encoding="utf-8") as f:
            missed = [line.strip() for line in f if UNREACHED.search(line)]
        if "ERROR: Exception:" in text:  # a fault of pip's own
            return {"outcome": "broken", "text": text.strip().splitlines()[-1]}
        if missed or not any(sign in text for sign in NO_SOLUTION):
            return {"outcome": "failed", "text": "\n".join([conflict(text)] + missed[:3])}
        return {"outcome": "none", "text": conflict(text)}


def conflict(text):
    """Keeps what pip says of a conflict, without the tale of how it looked."""
    lines = text.splitlines()
    for i, line in enumerate(lines):
        if line.startswith("ERROR: Cannot install") or line.startswith("The conflict is caused by"):
            return "\n".join(lines[i:])
    return "\n".join([line for line in lines if line.startswith(("ERROR", "WARNING"))] or lines[-20:])


OPERATIONS = {
    "about": about,
    "version": version_facts,
    "compare": compare,
    "specifier": specifier,
    "filter": filtered,
    "requirement": requirement,
    "marker": marker,
    "resolve": resolve,
}


def serve():
    # Whatever else prints must not stand among the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    questions = os.fdopen(os.dup(0), "r", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for line in questions:
        try:
            question = json.loads(line)
            answer = {"answers": [OPERATIONS[question["op"]](case) for case in question["cases"]]}
        except Exception as e:
            answer = {"error": type(e).__name__ + ": " + str(e)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


remember()
serve()
