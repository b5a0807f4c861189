"""The thumbprint of a certificate, in the two forms met."""

import hashlib

import pytest

from usager_server.national.psc.thumbprint import hex_base64, rfc8705, style_of

CERTIFICATE = b"a certificate in DER"


def test_the_form_of_the_rfc_has_43_characters_and_no_padding():
    assert len(rfc8705(CERTIFICATE)) == 43
    assert "=" not in rfc8705(CERTIFICATE)


def test_the_other_form_is_the_hexadecimal_text_in_base64():
    import base64

    assert base64.b64decode(hex_base64(CERTIFICATE)).decode() == hashlib.sha256(CERTIFICATE).hexdigest()
    assert len(hex_base64(CERTIFICATE)) == 88


@pytest.mark.parametrize(("build", "style"), [(rfc8705, "rfc8705"), (hex_base64, "hex-base64")])
def test_both_forms_are_known_again(build, style):
    assert style_of(build(CERTIFICATE), CERTIFICATE) == style


@pytest.mark.parametrize("build", [rfc8705, hex_base64])
def test_the_thumbprint_of_another_certificate_is_refused(build):
    assert style_of(build(b"another"), CERTIFICATE) is None


def test_what_is_no_thumbprint_is_refused():
    assert style_of("é", CERTIFICATE) is None
    assert style_of("", CERTIFICATE) is None
