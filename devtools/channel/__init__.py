"""A small generated channel, laid out as an exported drive."""

from devtools.channel.content import CHANNEL_ID, CHANNEL_NAME
from devtools.channel.drive import make_channel

__all__ = ["CHANNEL_ID", "CHANNEL_NAME", "make_channel"]
