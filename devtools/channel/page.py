"""An HTML5 resource: a page with a script, which the browser runs on a separate origin."""

from __future__ import annotations

from devtools.channel.archive import archive

HEADING = "Count the apples"
BUTTON, ANSWER = "Count", "There are 5 apples."
APPLES = "".join(f'<circle cx="{40 + 70 * at}" cy="40" r="28"/>' for at in range(5))

PAGE = f"""<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>{HEADING}</title>
  <style>body {{ font-family: sans-serif; padding: 2em; }} button {{ font-size: 1.5em; }}</style>
</head>
<body>
  <h1>{HEADING}</h1>
  <svg width="360" height="80" fill="#c62828" role="img" aria-label="apples">{APPLES}</svg>
  <p id="answer"></p>
  <button id="count">{BUTTON}</button>
  <script src="count.js"></script>
</body>
</html>
"""

SCRIPT = f"""document.getElementById("count").addEventListener("click", () => {{
  document.getElementById("answer").textContent = "{ANSWER}";
}});
"""


def page_file() -> bytes:
    return archive({"index.html": PAGE, "count.js": SCRIPT})
