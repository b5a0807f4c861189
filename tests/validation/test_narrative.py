"""Narrative: the XHTML that R4 allows, and what browsers could be made to run."""

import pytest

from usager_server.validation.narrative import check_div

XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'

GOOD = [
    f"<div {XHTML}>texte</div>",
    f'<div {XHTML} xml:lang="fr" lang="fr"><p class="a">é &lt; &#233; <br/><b>x</b></p><!-- note --></div>',
    f'<div {XHTML}><a href="https://example.org/?a=1&amp;b=2">x</a><a name="y"/></div>',
    f'<div {XHTML}><img src="data:image/png;base64,AAAA" alt=""/></div>',
    f'<div {XHTML}><table border="1"><tbody><tr><td colspan="2" style="color: red">1</td></tr></tbody></table></div>',
]

BAD = [
    ("texte", "not well-formed"),
    ("", "a string"),
    ("<div>texte</div>", XHTML),
    (f"<p {XHTML}>texte</p>", "must be one <div"),
    (f"<div {XHTML}>texte", "not well-formed"),
    (f"<div {XHTML}>a &nbsp; b</div>", "not well-formed"),
    (f"<div {XHTML}>  \n </div>", "empty"),
    (f"<div {XHTML}>x<script>alert(1)</script></div>", "<script>"),
    (f"<div {XHTML}>x<iframe src='https://example.org'/></div>", "<iframe>"),
    (f"<div {XHTML}>x<object/></div>", "<object>"),
    (f"<div {XHTML}>x<form><input/></form></div>", "<form>"),
    (f"<div {XHTML}>x<link href='x'/></div>", "<link>"),
    (f"<div {XHTML}>x<style>p {{}}</style></div>", "<style>"),
    (f"<div {XHTML}><p onclick='alert(1)'>x</p></div>", "onclick"),
    (f"<div {XHTML}><a href='javascript:alert(1)'>x</a></div>", "javascript:"),
    (f"<div {XHTML}><a href=' java&#9;script:alert(1)'>x</a></div>", "javascript:"),
    (f"<div {XHTML}><a href='data:text/html,x'>x</a></div>", "data:"),
    (f"<div {XHTML}><img src='data:text/html,x'/></div>", "data:"),
    (f"<div {XHTML}><p style='width: expression(alert(1))'>x</p></div>", "style"),
    (f"<div {XHTML}><p style='background: url(javascript:x)'>x</p></div>", "style"),
    (f"<div {XHTML}><svg xmlns='http://www.w3.org/2000/svg'/>x</div>", "<svg>"),
    (f"<div {XHTML}><p xmlns='urn:x'>x</p></div>", "namespace"),
    (f"<div {XHTML}><?php x ?>x</div>", "processing instruction"),
    (f"<!DOCTYPE div [<!ENTITY a 'b'>]><div {XHTML}>&a;</div>", "document type"),
    (f"<div {XHTML}>x</div><div {XHTML}>y</div>", "not well-formed"),
]


@pytest.mark.parametrize("div", GOOD)
def test_a_plain_narrative_is_accepted(div: str) -> None:
    assert check_div(div, None) is None


@pytest.mark.parametrize(("div", "said"), BAD)
def test_anything_else_is_refused_by_its_name(div: str, said: str) -> None:
    found = check_div(div, None)
    assert found is not None
    assert said in found[0].text


def test_entities_are_never_expanded() -> None:
    bomb = "<!DOCTYPE d [" + "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 10}'>" for n in range(1, 20)) + "]>"
    assert check_div(f"{bomb}<div {XHTML}>&e19;</div>", None) is not None
