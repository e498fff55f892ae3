"""Syncs with a running site that stop half-way, over the same requests that a school sends.

Runs inside the site's own Kolibri, which has the facility's certificate.
"""

from __future__ import annotations

SCRIPT = """
import json, uuid
import requests
from kolibri.core.auth.models import Facility

BASE = {url!r} + "/api/morango/v1/"
certificate = Facility.get_default_facility().dataset.get_owned_certificates()[0]
chain = [{{"id": each.id, "serialized": each.serialized, "signature": each.signature}}
         for each in certificate.get_ancestors(include_self=True)]

def ask(method, path, data=None, **options):
    answer = requests.request(method, BASE + path, json=data, timeout=60, **options)
    assert answer.ok, (path, answer.status_code, answer.text)
    return answer.json() if answer.content else None

def begin(device):
    nonce, sync = ask("POST", "nonces/")["id"], uuid.uuid4().hex
    ask("POST", "syncsessions/", {{
        "id": sync, "nonce": nonce, "signature": certificate.sign(nonce + ":" + sync),
        "server_certificate_id": certificate.id, "client_certificate_id": certificate.id,
        "certificate_chain": json.dumps(chain), "profile": "facilitydata",
        "connection_path": BASE, "instance": json.dumps({{"id": device}}),
        "client_ip": "", "server_ip": "",
    }})
    return sync

def pull(sync):
    return ask("POST", "transfersessions/", {{
        "id": uuid.uuid4().hex, "sync_session_id": sync, "push": False,
        "filter": str(certificate.get_scope().read_filter), "client_fsic": "{{}}",
    }})

def finish(transfer):
    # Until it has been told that all has come, the site waits for that before it cleans up.
    path = "transfersessions/" + transfer["id"] + "/"
    ask("PATCH", path, {{"records_transferred": transfer["records_total"]}})
    ask("DELETE", path)

syncs = {{}}
for name in {broken!r}:
    syncs[name] = begin(uuid.uuid4().hex)
    pull(syncs[name])
# Its device took its leave, and not of the transfer.
ask("DELETE", "syncsessions/" + syncs[{left!r}] + "/")
device = uuid.uuid4().hex
for name in {ended!r}:
    syncs[name] = begin(device)
    finish(pull(syncs[name]))
    ask("DELETE", "syncsessions/" + syncs[name] + "/")
ask("POST", "nonces/")
print("SYNCS", json.dumps(syncs))
"""

ABANDONED, LEFT, FRESH = "abandoned", "left", "fresh"
ENDED = ("first", "second", "last")


def script(url: str) -> str:
    """Make an abandoned pull, one left open by a closed sync, one that has just begun, and three
    finished ones of one device; print their ids.
    """
    return SCRIPT.format(url=url, broken=(ABANDONED, LEFT, FRESH), left=LEFT, ended=ENDED)
