"""What to do about a fault, by its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwcli.core.outcome import FaultKind

if TYPE_CHECKING:
    from qwcli.core.outcome import Fault
    from qwcli.core.target import Target


def advice(fault: Fault, target: Target) -> str | None:
    """One sentence for the user, or nothing where the message says it all."""
    where = f" in region {target.region}" if target.region else ""
    key = f"the key in {target.key}" if target.key else "a key (--key-env NAME, or `key: NAME` in the profile)"
    regional = " A DashScope key holds for one region." if "dashscope" in target.url else ""
    lines = {
        FaultKind.AUTH: f"Check {key}; it must belong to {target.provider}{where}.{regional}",
        FaultKind.PERMISSION: f"The account behind {key} may not use {target.model}{where}.",
        FaultKind.QUOTA: f"Waiting will not help: the account at {target.provider} needs credit or a higher quota.",
        FaultKind.NOT_FOUND: _not_found(fault, target, where),
        FaultKind.TOO_LONG: "The prompt is longer than the model takes; shorten it, or ask one with a larger context.",
        FaultKind.BLOCKED: "The provider's filter stopped it; a fallback route (on: [blocked]) can ask somebody else.",
        FaultKind.RATE: "The limit was still in force after all tries; lower --concurrency, or set `limits`.",
        FaultKind.CONNECT: f"Is a server running at {target.url}?",
        FaultKind.DNS: f"Check the URL of {target.name}: {target.url}",
        FaultKind.TLS: "Certificates are always checked; an authority of your own is named in SSL_CERT_FILE.",
        FaultKind.DEADLINE: "Give it more time with --timeout SECONDS.",
        FaultKind.PROTOCOL: f"Is {target.url} the base URL of an API (such as .../v1)?",
    }
    return lines.get(fault.kind)


def _not_found(fault: Fault, target: Target, where: str) -> str:
    """A 404 that does not speak of the model is as likely about the path: a base URL without its `/v1`."""
    offers = f"{target.provider} does not offer {target.model!r}{where}"
    said = f"{fault.code} {fault.message}".lower()
    if "model" in said or target.model.lower() in said:
        return f"{offers}; `qwcli models` lists others."
    return f"Is {target.url} the base URL of an API (such as .../v1)? If it is: {offers}."
