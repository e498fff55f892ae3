"""``python -m devtools.channel DESTINATION`` writes the channel to a folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from devtools.channel import CHANNEL_ID, make_channel


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m devtools.channel", description=__doc__)
    parser.add_argument("destination", type=Path, help="a folder, created if absent")
    folder = make_channel(parser.parse_args().destination.absolute())
    print(f"Wrote channel {CHANNEL_ID}. To import it:")
    for command in ("importchannel", "importcontent"):
        print(f"  kolibri manage {command} disk {CHANNEL_ID} {folder}")


if __name__ == "__main__":
    main()
