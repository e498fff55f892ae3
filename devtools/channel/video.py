"""An H.264 video that counts to nine, with one picture a second.

Every macroblock (16 by 16 pixels) consists of plain samples ("I_PCM"), which every decoder must
support, so no compression is needed. Clauses are those of ITU-T H.264.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

COLUMNS, ROWS = 11, 7  # in macroblocks
BASELINE, LEVEL_3 = 66, 30

# Luma and the two chromas, within the range of video.
PAPER, INK = bytes((190, 130, 90)), bytes((40, 120, 140))

DIGITS = (
    ("###", "# #", "# #", "# #", "###"),
    ("  #", "  #", "  #", "  #", "  #"),
    ("###", "  #", "###", "#  ", "###"),
    ("###", "  #", "###", "  #", "###"),
    ("# #", "# #", "###", "  #", "  #"),
    ("###", "#  ", "###", "  #", "###"),
    ("###", "#  ", "###", "# #", "###"),
    ("###", "  #", "  #", "  #", "  #"),
    ("###", "# #", "###", "# #", "###"),
    ("###", "# #", "###", "  #", "###"),
)


@dataclass(frozen=True)
class Video:
    """Pictures of one second each, with the parameters that a decoder needs."""

    width: int
    height: int
    sequence_parameters: bytes
    picture_parameters: bytes
    pictures: tuple[bytes, ...]


def counting_to_nine() -> Video:
    return Video(
        width=16 * COLUMNS,
        height=16 * ROWS,
        sequence_parameters=_sequence_parameters(),
        picture_parameters=_picture_parameters(),
        pictures=tuple(_picture(number) for number in range(len(DIGITS))),
    )


class Bits:
    """A sequence of bits, with H.264's codes for numbers."""

    def __init__(self) -> None:
        self._bits = ""

    def fixed(self, value: int, width: int) -> Bits:
        self._bits += f"{value:0{width}b}"
        return self

    def unsigned(self, *values: int) -> Bits:
        """Exp-Golomb codes, ue(v) of clause 9.1; for zero, se(v) is the same."""
        for value in values:
            code = f"{value + 1:b}"
            self._bits += "0" * (len(code) - 1) + code
        return self

    def end(self) -> bytes:
        """The stop bit and the padding of clause 7.3.2.11."""
        self._bits += "1"
        return self.aligned()

    def aligned(self) -> bytes:
        self._bits += "0" * (-len(self._bits) % 8)
        return bytes(int(self._bits[at : at + 8], 2) for at in range(0, len(self._bits), 8))


def _sequence_parameters() -> bytes:
    """Clause 7.3.2.1.1: constrained baseline, pictures in order, no cropping."""
    bits = Bits().fixed(BASELINE, 8).fixed(0b11000000, 8).fixed(LEVEL_3, 8)
    bits.unsigned(0, 0, 2, 1).fixed(0, 1).unsigned(COLUMNS - 1, ROWS - 1)
    return _unit(0x67, bits.fixed(0b1100, 4).end())


def _picture_parameters() -> bytes:
    """Clause 7.3.2.2: CAVLC, one slice group, the deblocking filter under the slice's control."""
    bits = Bits().unsigned(0, 0).fixed(0, 2).unsigned(0, 0, 0).fixed(0, 3).unsigned(0, 0, 0)
    return _unit(0x68, bits.fixed(0b100, 3).end())


def _picture(number: int) -> bytes:
    """One IDR picture: a slice header (clause 7.3.3), then its macroblocks (7.3.5)."""
    intra_slice, deblocking_off, plain_samples = 7, 1, 25
    header = Bits().unsigned(0, intra_slice, 0).fixed(0, 4)
    header.unsigned(number % 2)  # neighbouring IDR pictures must differ in idr_pic_id
    header.fixed(0, 2).unsigned(0, deblocking_off)
    first, *others = _macroblocks(number)
    start = header.unsigned(plain_samples).aligned() + first
    next_start = Bits().unsigned(plain_samples).aligned()
    slice_data = start + b"".join(next_start + samples for samples in others)
    return _unit(0x65, slice_data + Bits().end())


def _macroblocks(number: int) -> Iterator[bytes]:
    empty = " " * COLUMNS
    for line in (empty, *(f"{row:^{COLUMNS}}" for row in DIGITS[number]), empty):
        for mark in line:
            luma, blue, red = INK if mark == "#" else PAPER
            yield bytes([luma]) * 256 + bytes([blue]) * 64 + bytes([red]) * 64


def _unit(kind: int, content: bytes) -> bytes:
    """A NAL unit, escaped so that no three bytes look like the start of one (clause 7.4.1)."""
    return bytes([kind]) + re.sub(rb"\x00\x00(?=[\x00-\x03])", b"\x00\x00\x03", content)
