"""The page that becomes a picture: a browser's window and a terminal's, side by side."""

from __future__ import annotations

import base64
import string

PAGE = string.Template("""<!doctype html>
<meta charset="utf-8">
<style>
  body { margin: 0; padding: 24px; display: flex; gap: 24px; background: #e8ecf1;
         font: 15px/1.4 "DejaVu Sans", sans-serif; box-sizing: border-box; height: 100vh; }
  figure { margin: 0; border-radius: 10px; overflow: hidden; background: #fff;
           box-shadow: 0 6px 24px #0003; display: flex; flex-direction: column; }
  figure.browser { flex: 0 0 640px; }
  figure.terminal { flex: 1; background: #16202b; color: #d8dee6; }
  figcaption { padding: 8px 14px; background: #d3dae2; color: #333; font-size: 13px; }
  figure.terminal figcaption { background: #0d141b; color: #9fb0c0; }
  img { width: 640px; display: block; }
  pre { margin: 0; padding: 16px; font: 12.5px/1.45 "DejaVu Sans Mono", monospace;
        white-space: pre-wrap; }
</style>
<figure class="browser"><figcaption>Kolibri, for a learner</figcaption>
  <img src="data:image/png;base64,$screenshot"></figure>
<figure class="terminal"><figcaption>After a change of the database password</figcaption>
  <pre><b>$$ kolibri manage azure_check</b>
$report</pre></figure>
""")


def sheet(screenshot: bytes, report: str) -> str:
    """The page as HTML.

    :param screenshot: a screenshot, as PNG.
    :param report: the terminal's content, as HTML.
    """
    return PAGE.substitute(screenshot=base64.b64encode(screenshot).decode(), report=report)
