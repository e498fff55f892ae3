"""Values that may trouble a database."""

from __future__ import annotations

TEXTS = {
    "nul": "a\0b",
    "long": "x" * 5000,
    "surrogate": "\ud800",
    "huge": "99999999999999999999",
    "int64": "9223372036854775807",
    "int32": "2147483648",
    "negative": "-1",
    "nan": "nan",
    "no id": "zz",
    "long id": "f" * 40,
    "year 10000": "10000-01-01T00:00:00Z",
    "list": "1,a\0b",
}

#: What JSON can say beyond these.
VALUES = {
    **TEXTS,
    "longer": "y" * 150,
    "huge": 99999999999999999999,
    "int64": 9223372036854775807,
    "int32": 2147483648,
    "negative": -2147483649,
    "int16": 40000,
    "infinity": float("inf"),
    "id with nul": "a" * 16 + "\0" + "b" * 15,
    "object": {"a": "b\0c", "d" * 300: "e" * 5000},
    "list": ["a\0b"],
    "null": None,
    "true": True,
    "fraction": 1.5,
}
