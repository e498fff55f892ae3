"""Finds how many learners a server carries.

    python -m bench.capacity [--minutes 11] [--write]        the image on this machine
    python -m bench.capacity --instances 1,2,4 [--write]     the cost of a request there
    python -m bench.capacity --address URL --yes             a site that is in use
    python -m bench.capacity --address URL --yes --remove    only remove what a run has left there

A site is visited only in a facility that the run makes and removes. The super admin's name and
password come from KOLIBRI_CAPACITY_USERNAME and KOLIBRI_CAPACITY_PASSWORD, or are asked for.
docs/sizing.md explains the measurement; --write puts the results there and in the templates' texts.
"""

from __future__ import annotations

import argparse
import getpass
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.capacity import page
from bench.capacity.facility import CapacityError, Superuser
from bench.capacity.here import deployment_here
from bench.capacity.instances import (
    COMPARED_LEARNERS,
    COMPARED_STORM_SECONDS,
    compare,
)
from bench.capacity.measured import found, load
from bench.capacity.process import LoadError
from bench.capacity.run import Plan, best_of, search
from bench.capacity.sizing import STORM_SECONDS
from bench.performance.table import circumstances

USERNAME, PASSWORD = "KOLIBRI_CAPACITY_USERNAME", "KOLIBRI_CAPACITY_PASSWORD"

REFUSAL = """{address} is not measured without --yes. A run
 - adds a facility, which visitors see on the sign-in page, and removes it at the end;
 - sends more and more requests until the site is slow, for everyone who uses it;
 - meets the limits of Front Door's firewall, if the site has one: see docs/sizing.md.
Choose an hour without lessons, and add --yes."""

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "capacity.png"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    # A run that is told to end removes its facility first. Python leaves SIGINT ignored where a
    # shell has started it in the background.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        if options.address:
            _site(options)
        elif options.instances:
            _instances(options)
        else:
            _here(options)
    except (CapacityError, LoadError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _here(options: argparse.Namespace) -> None:
    plan = _plan(options, PICTURE if options.write else None)
    with deployment_here() as here, here.instances(1) as (url, meter):
        superuser = here.superuser(url)
        result = search(url, superuser, plan, here.folder, meter=meter, prepare=here.give_video)
    best = best_of(result)
    assert result.rest is not None
    seen = found(
        best,
        result.trials,
        result.rest,
        circumstances(),
        passwords=plan.passwords,
        storm_seconds=plan.storm_seconds,
    )
    print(page.of_search(seen))
    if options.write:
        load().with_found(seen).save()
        page.write()


def _instances(options: argparse.Namespace) -> None:
    with deployment_here() as here:
        rows = list(
            compare(
                here,
                options.instances,
                learners=options.learners,
                seconds=options.seconds,
                storm_seconds=options.storm or COMPARED_STORM_SECONDS,
            )
        )
    print(page.of_instances(rows))
    if options.write:
        load().with_instances(rows, circumstances()).save()
        page.write()


def _site(options: argparse.Namespace) -> None:
    address = options.address.rstrip("/")
    if not options.yes:
        raise CapacityError(REFUSAL.format(address=address))
    superuser = Superuser(address, *_credentials())
    leftovers = superuser.leftovers()
    if options.remove:
        for name in leftovers:
            superuser.remove(name)
            print(f"removed {name}")
        return
    if leftovers:
        names = ", ".join(leftovers)
        raise CapacityError(f"an earlier run has left facilities: {names}. Use --remove first.")
    with tempfile.TemporaryDirectory() as folder:
        result = search(address, superuser, _plan(options, options.picture), Path(folder))
    print(page.of_trials(result.trials))
    print(f"The site carries {best_of(result).learners:,} learners.")


def _plan(options: argparse.Namespace, picture: Path | None) -> Plan:
    return Plan(
        first=options.first,
        most=options.most,
        storm_seconds=options.storm or STORM_SECONDS,
        seconds=options.seconds,
        confirm_seconds=options.confirm,
        passwords=not options.no_passwords,
        until=time.monotonic() + 60 * options.minutes if options.minutes else None,
        leave=not options.address,
        web_port=options.web,
        picture=options.picture or picture,
    )


def _credentials() -> tuple[str, str]:
    """The super admin's name and password, which no list of processes shows."""
    username = os.environ.get(USERNAME) or input("Super admin's user name: ")
    return username, os.environ.get(PASSWORD) or getpass.getpass("Password: ")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.capacity",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--address", metavar="URL", help="a site, instead of the image on this machine")
    add("--yes", action="store_true", help="visit the site even if it becomes slow")
    add("--remove", action="store_true", help="remove facilities that earlier runs have left")
    add("--instances", type=_numbers, metavar="1,2,4", help="compare so many instances")
    add("--first", type=int, default=120, help="learners to begin with (%(default)s)")
    add("--most", type=int, default=6000, help="learners to end with (%(default)s)")
    add("--learners", type=int, default=COMPARED_LEARNERS, help="with --instances (%(default)s)")
    storms = (
        f"seconds of the sign-ins ({STORM_SECONDS}; {COMPARED_STORM_SECONDS:g} with --instances)"
    )
    add("--storm", type=float, default=0, help=storms)
    add("--seconds", type=float, default=60, help="of a trial's lesson (%(default)s)")
    add("--minutes", type=float, default=0, help="look for a better number no longer than fits")
    add("--confirm", type=float, default=240, help="seconds of the last trial (%(default)s)")
    add("--no-passwords", action="store_true", help="let learners sign in by their names alone")
    add("--web", type=int, default=0, metavar="PORT", help="show locust's page during the run")
    add("--picture", type=Path, metavar="FILE", help="write a picture of the run, as PNG")
    add("--write", action="store_true", help="put the results in docs/sizing.md and the templates")
    options = parser.parse_args(arguments)
    if options.write and options.address:
        parser.error("--write is for the image on this machine: leave out --address")
    if options.minutes and options.instances:
        parser.error("--minutes is for the search: leave out --instances")
    if options.remove and not options.address:
        parser.error("--remove needs --address")
    return options


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
