"""Whatever is done to a document, it is shown or refused by name, and nothing of it runs."""

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.cda.render.documents import copy_of_the_document, section, structured
from tests.cda.test_mutations import ACTS, SAMPLES, VALUES, mutate
from usager_cda import CDAError
from usager_cda.render import html_from_cda

TABLE = "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td colspan='2'>b</td></tr></tbody></table>"
RICH = structured(
    section("Texte", f"{TABLE}<list><item><content ID='x'>c</content></item></list><linkHtml href='#x'>d</linkHtml>"),
    copy_of_the_document(),
)
SHOWN = {**SAMPLES, "rich": RICH}
HOSTILE = st.sampled_from(
    ["javascript:alert(1)", '"><script>alert(1)</script>', "' onload='alert(1)", "data:text/html,x"]
)


@settings(
    deadline=None,
    max_examples=int(os.environ.get("USAGER_TEST_EXAMPLES", "120")),
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    sample=st.sampled_from(sorted(SHOWN)),
    acts=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 10_000), VALUES | HOSTILE), min_size=1, max_size=6),
)
def test_a_changed_document_is_shown_or_refused_by_name(sample, acts):
    root = etree.fromstring(SHOWN[sample])
    for act, at, value in acts:
        mutate(root, act, at, value)
    try:
        page = html_from_cda(etree.tostring(root))
    except CDAError as error:
        assert error.findings
        return
    tree = etree.fromstring(page, etree.HTMLParser(encoding="utf-8"))
    assert not tree.xpath("//script|//iframe|//@onload|//@*[starts-with(normalize-space(.), 'javascript:')]")
