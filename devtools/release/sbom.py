"""A bill of materials (SBOM) in the form of CycloneDX, checked against its schema."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentEvidence, ComponentType
from cyclonedx.model.component_evidence import Occurrence
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from devtools.release.components import DEBIAN, IMAGE, Part, Subject
from devtools.release.source import ReleaseError


def write_sbom(
    path: Path,
    subject: Subject,
    parts: Iterable[Part],
    *,
    moment: datetime,
    needs: Mapping[str, Iterable[str]] | None = None,
) -> int:
    """Write the parts of `subject`; return their number.

    The file is reproducible: the same parts always give the same bytes.

    :param moment: when the subject was built, with time zone.
    :param needs: the names of the dependencies of each part and of the subject, by name. Without
        it, the subject depends on all parts.

    Raises ReleaseError if the document does not match its schema.
    """
    address = _address(subject.part)
    made = {part: _component(part) for part in parts}
    whole = _component(subject.part)
    whole.type = ComponentType.CONTAINER if subject.part.kind == IMAGE else ComponentType.LIBRARY
    whole.hashes = [HashType(alg=HashAlgorithm.SHA_256, content=subject.sha256)]
    bill = Bom(
        components=made.values(),
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"{address}#{subject.sha256}"),
    )
    bill.metadata.component = whole
    bill.metadata.timestamp = moment
    if needs is None:
        bill.register_dependency(whole, made.values())
    else:
        components = {part.name: component for part, component in made.items()}
        components[subject.part.name] = whole
        for name, others in needs.items():
            bill.register_dependency(components[name], [components[other] for other in others])
    text = JsonV1Dot6(bill).output_as_string(indent=2)
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if wrong:
        raise ReleaseError(f"the bill of {address} is not valid CycloneDX: {wrong}")
    path.write_text(text + "\n", encoding="utf-8")
    return len(made)


def _component(part: Part) -> Component:
    address = _address(part)
    return Component(
        name=part.name,
        version=part.version,
        purl=address,
        bom_ref=str(address),
        evidence=ComponentEvidence(
            occurrences=[
                Occurrence(location=place, bom_ref=f"{address}#{place}") for place in part.places
            ]
        )
        if part.places
        else None,
    )


def _address(part: Part) -> PackageURL:
    vendor = "debian" if part.kind == DEBIAN else None
    return PackageURL(part.kind, vendor, part.name, part.version, qualifiers=dict(part.qualifiers))
