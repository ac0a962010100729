"""Light Markdown: what becomes of a text, and that none takes long."""

import pytest

from tests.browser.conftest import Invite
from tests.servers.meetserver import MeetServer

pytestmark = pytest.mark.browser

# What the texts become: tags in short, to be read.
SHOW = """
async (texts) => {
  const { textElement } = await import("/static/js/chat/text.js");
  return texts.map((text) => textElement(text).innerHTML);
}
"""
TIME = """
async (texts) => {
  const { parse } = await import("/static/js/chat/markdown.js");
  const start = performance.now();
  for (const text of texts) parse(text);
  return performance.now() - start;
}
"""
LINK = '<a href="{0}" target="_blank" rel="noopener noreferrer">{0}</a>'

CASES = {
    "plain text\nof two lines": "<p>plain text\nof two lines</p>",
    "**bold *both* bold** _it_ ~~gone~~": ("<p><strong>bold <em>both</em> bold</strong> <em>it</em> <s>gone</s></p>"),
    "2 * 3 * 4, snake_case_name, ** no **": "<p>2 * 3 * 4, snake_case_name, ** no **</p>",
    "`a *b* c`": "<p><code>a *b* c</code></p>",
    "```\n<b>*x*</b>\n\ny\n```\nafter": '<pre tabindex="0"><code>&lt;b&gt;*x*&lt;/b&gt;\n\ny</code></pre><p>after</p>',
    "```py\nx = 1\n```": '<pre tabindex="0"><code>x = 1</code></pre>',
    "> said\n> - one\n\nanswer": "<blockquote><p>said</p><ul><li>one</li></ul></blockquote><p>answer</p>",
    "3. three\n4. four": '<ol start="3"><li>three</li><li>four</li></ol>',
    "see https://example.org/a_b_c?d=*e*.": f"<p>see {LINK.format('https://example.org/a_b_c?d=*e*')}.</p>",
    "(http://[::1]:8080/x)": f"<p>({LINK.format('http://[::1]:8080/x')})</p>",
    "http:// https://. http://:x javascript:x": "<p>http:// https://. http://:x javascript:x</p>",
    "<i>&amp;</i>": "<p>&lt;i&gt;&amp;amp;&lt;/i&gt;</p>",
}
CHARS = 8000
HOSTILE = [
    (part * CHARS)[:CHARS]
    for part in (
        "*",
        "**a ",
        "_a ",
        "~~*_",
        "**a*_",
        "*a*",
        "`",
        "``` \n",
        "```a\n",
        "> ",
        ">\n",
        "- \n",
        "http://,",
        "http://",
    )
]


async def test_light_markdown(server: MeetServer, person: Invite) -> None:
    ada = await person("Ada Lovelace")
    await ada.page.goto("/")

    shown = await ada.page.evaluate(SHOW, list(CASES))

    assert dict(zip(CASES, shown, strict=True)) == CASES
    assert await ada.page.evaluate(TIME, HOSTILE) < 2000
