"""The MP4 container (ISO/IEC 14496-12 and 14496-15) around one H.264 track."""

from __future__ import annotations

import struct

from devtools.channel.video import Video

TICKS_PER_SECOND = 1000
UNDETERMINED_LANGUAGE = 0x55C4
UNITY_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def in_mp4(video: Video) -> bytes:
    """A file that a browser can play before it has loaded completely."""
    samples = [struct.pack(">I", len(picture)) + picture for picture in video.pictures]
    kind = _box(b"ftyp", b"isom", struct.pack(">I", 0x200), b"isomiso2avc1mp41")
    # The length of the description doesn't depend on the offset in it.
    length = len(_description(video, samples, 0))
    description = _description(video, samples, len(kind) + length + 8)
    return kind + description + _box(b"mdat", *samples)


def _description(video: Video, samples: list[bytes], offset: int) -> bytes:
    duration = len(samples) * TICKS_PER_SECOND
    movie = struct.pack(">IIIIIH10x", 0, 0, TICKS_PER_SECOND, duration, 0x10000, 0x0100)
    return _box(
        b"moov",
        _full_box(b"mvhd", movie, UNITY_MATRIX, bytes(24), struct.pack(">I", 2)),
        _box(
            b"trak",
            _full_box(
                b"tkhd",
                struct.pack(">IIIII16x", 0, 0, 1, 0, duration),
                UNITY_MATRIX,
                struct.pack(">II", video.width << 16, video.height << 16),
                flags=3,  # enabled, used in the movie
            ),
            _box(
                b"mdia",
                _full_box(
                    b"mdhd",
                    struct.pack(
                        ">IIIIHH", 0, 0, TICKS_PER_SECOND, duration, UNDETERMINED_LANGUAGE, 0
                    ),
                ),
                _full_box(b"hdlr", bytes(4), b"vide", bytes(12), b"Video\0"),
                _box(
                    b"minf",
                    _full_box(b"vmhd", bytes(8), flags=1),
                    _box(
                        b"dinf",
                        _full_box(b"dref", struct.pack(">I", 1), _full_box(b"url ", flags=1)),
                    ),
                    _sample_table(video, samples, offset),
                ),
            ),
        ),
    )


def _sample_table(video: Video, samples: list[bytes], offset: int) -> bytes:
    sizes = struct.pack(f">II{len(samples)}I", 0, len(samples), *map(len, samples))
    return _box(
        b"stbl",
        _full_box(b"stsd", struct.pack(">I", 1), _sample_entry(video)),
        _full_box(b"stts", struct.pack(">III", 1, len(samples), TICKS_PER_SECOND)),
        _full_box(b"stsc", struct.pack(">IIII", 1, 1, len(samples), 1)),
        _full_box(b"stsz", sizes),
        _full_box(b"stco", struct.pack(">II", 1, offset)),
    )


def _sample_entry(video: Video) -> bytes:
    look = struct.pack(">HHIIIH", video.width, video.height, 0x480000, 0x480000, 0, 1)
    configuration = _box(
        b"avcC",
        b"\x01" + video.sequence_parameters[1:4] + b"\xff\xe1",
        struct.pack(">H", len(video.sequence_parameters)) + video.sequence_parameters,
        b"\x01" + struct.pack(">H", len(video.picture_parameters)) + video.picture_parameters,
    )
    entry = struct.pack(">6xH16x", 1) + look + bytes(32) + struct.pack(">Hh", 24, -1)
    return _box(b"avc1", entry, configuration)


def _box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I", len(content) + 8) + kind + content


def _full_box(kind: bytes, *parts: bytes, flags: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", flags), *parts)
