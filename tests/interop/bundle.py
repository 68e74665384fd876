"""Holds a bundle of phaki against the published models of FHIR R4."""

import collections
import json
import sys

from fhir.resources.R4B.bundle import Bundle

with open(sys.argv[1], encoding="utf-8") as file:
    bundle = json.load(file)
checked = Bundle.model_validate(bundle)
kinds = collections.Counter(entry.resource.get_resource_type() for entry in checked.entry)
urls = {entry.fullUrl for entry in checked.entry}
assert len(urls) == len(checked.entry), "a full URL stands twice"
assert set(kinds) == {"Organization", "Location", "OrganizationAffiliation", "PractitionerRole"}, kinds
assert all(person not in json.dumps(bundle) for person in ('"Practitioner"', '"practitioner"'))
print("fhir.resources:", dict(kinds), "are sound")
