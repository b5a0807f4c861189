"""Small rules packs for tests: a schema, and schematrons whose engine is a stand-in of three lines.

The engine of a real pack compiles a schematron into a style sheet; this one takes the `name` of the schematron, and
makes the style sheet that reports every element of that name.
"""

from pathlib import Path

IDENTITY = """<xsl:stylesheet version="2.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:template match="/"><xsl:copy-of select="."/></xsl:template></xsl:stylesheet>"""

LOCATION = "/*:ClinicalDocument[namespace-uri()='urn:hl7-org:v3'][1]/*:title[namespace-uri()='urn:hl7-org:v3'][1]"

ENGINE = """<xsl:stylesheet version="2.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:out="urn:out">
<xsl:namespace-alias stylesheet-prefix="out" result-prefix="xsl"/>
<xsl:template match="/">
<out:stylesheet version="2.0"><out:template match="/">
<svrl:schematron-output xmlns:svrl="http://purl.oclc.org/dsdl/svrl">
<out:for-each select="//*[local-name() = '{schema/@name}']"><svrl:failed-assert role="{schema/@role}">
<out:attribute name="location">%LOCATION%</out:attribute>
<svrl:text>[Titre] <xsl:value-of select="schema/@say"/></svrl:text></svrl:failed-assert></out:for-each>
</svrl:schematron-output></out:template><xsl:copy-of select="schema/extra/node()"/></out:stylesheet>
</xsl:template></xsl:stylesheet>""".replace("%LOCATION%", LOCATION)

SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:hl7-org:v3">
<xs:element name="ClinicalDocument"><xs:complexType><xs:sequence>
<xs:any minOccurs="0" maxOccurs="unbounded" processContents="skip"/>
</xs:sequence></xs:complexType></xs:element></xs:schema>"""

HEADER = "schematrons/profils/structurationMinimale/ASIP-STRUCT-MIN-StrucMin.sch"
TERMINOLOGIES = "schematrons/profils/terminologies/schematron/terminologie.sch"

DOCUMENT = b"""<ClinicalDocument xmlns="urn:hl7-org:v3">
<templateId root="1.2.250.1.213.1.1.1.46" extension="2023.01"/>
<title>Note</title></ClinicalDocument>"""


def schematron(name: str, say: str = "is here", role: str = "error", extra: str = "") -> str:
    """Return a schematron that reports the elements of a name."""
    return f'<schema name="{name}" say="{say}" role="{role}"><extra>{extra}</extra></schema>'


def make_pack(folder: Path, files: dict[str, str]) -> Path:
    """Write a pack with the stand-in of the engine, and return its folder."""
    engine = {"iso_dsdl_include.xsl": IDENTITY, "iso_abstract_expand.xsl": IDENTITY, "iso_svrl_for_xslt2.xsl": ENGINE}
    moteur = {f"schematrons/moteur/{name}": text for name, text in engine.items()}
    for name, text in {**moteur, "infrastructure/cda/CDA.xsd": SCHEMA, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder
