<?xml version="1.0" encoding="UTF-8"?>
<!--
  The body of any CDA as plain XHTML: nested sections, their titles, their narratives. An allow list: what is not named
  here loses its tag and keeps its words, and what could run goes whole. No document(), no import, no extension.
  Source: HL7 CDA R2, 4.3.5 (narrative block).
-->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:h="urn:hl7-org:v3"
                exclude-result-prefixes="h">
  <xsl:output method="xml" omit-xml-declaration="yes"/>
  <xsl:key name="media" match="h:observationMedia[h:value]" use="@ID"/>
  <xsl:variable name="pictures" select="' image/png image/jpeg image/gif '"/>
  <xsl:variable name="spaces" select="'&#9;&#10;&#13; '"/>

  <xsl:template match="/">
    <body><xsl:apply-templates select="h:ClinicalDocument/h:component/h:structuredBody/h:component/h:section"/></body>
  </xsl:template>

  <xsl:template match="h:section">
    <section>
      <title><xsl:value-of select="normalize-space(h:title)"/></title>
      <xsl:if test="not(h:title) and h:code/@displayName">
        <name><xsl:value-of select="h:code/@displayName"/></name>
      </xsl:if>
      <xsl:if test="h:templateId[@root = '1.2.250.1.213.1.1.2.243']"><copy/></xsl:if>
      <xsl:if test="h:text">
        <div><xsl:apply-templates select="h:text/@ID | h:text/node()" mode="narrative"/></div>
      </xsl:if>
      <xsl:apply-templates select="h:component/h:section"/>
    </section>
  </xsl:template>

  <!-- narrative: unknown elements keep their words, unknown attributes go -->
  <xsl:template match="*" mode="narrative"><xsl:apply-templates select="node()" mode="narrative"/></xsl:template>
  <xsl:template match="@* | comment() | processing-instruction()" mode="narrative"/>
  <xsl:template match="*[contains(' script style object embed applet iframe frame svg math template noscript link base meta ',
                         concat(' ', translate(local-name(), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'), ' '))]"
                mode="narrative" priority="9"/>

  <xsl:template match="@ID" mode="narrative">
    <xsl:attribute name="id"><xsl:value-of select="concat('n-', translate(., $spaces, ''))"/></xsl:attribute>
  </xsl:template>
  <xsl:template match="@colspan | @rowspan" mode="narrative">
    <xsl:if test="number(.) &gt; 1 and number(.) &lt;= 1000"><xsl:copy/></xsl:if>
  </xsl:template>
  <xsl:template match="@styleCode" mode="narrative">
    <xsl:variable name="style">
      <xsl:if test="contains(., 'Bold')">bold </xsl:if>
      <xsl:if test="contains(., 'Italics')">italics </xsl:if>
      <xsl:if test="contains(., 'Underline')">underline </xsl:if>
      <xsl:if test="contains(., 'Emphasis')">bold </xsl:if>
    </xsl:variable>
    <xsl:if test="string($style)"><xsl:attribute name="class"><xsl:value-of select="normalize-space($style)"/></xsl:attribute></xsl:if>
  </xsl:template>

  <xsl:template match="h:paragraph" mode="narrative">
    <p><xsl:apply-templates select="@ID | @styleCode | node()" mode="narrative"/></p>
  </xsl:template>
  <xsl:template match="h:content" mode="narrative">
    <span><xsl:apply-templates select="@ID | @styleCode | node()" mode="narrative"/></span>
  </xsl:template>
  <xsl:template match="h:content[@revised = 'delete']" mode="narrative">
    <del><xsl:apply-templates select="@ID | @styleCode | node()" mode="narrative"/></del>
  </xsl:template>
  <xsl:template match="h:content[@revised = 'insert']" mode="narrative">
    <ins><xsl:apply-templates select="@ID | @styleCode | node()" mode="narrative"/></ins>
  </xsl:template>
  <xsl:template match="h:br" mode="narrative"><br/></xsl:template>
  <xsl:template match="h:sub" mode="narrative"><sub><xsl:apply-templates select="node()" mode="narrative"/></sub></xsl:template>
  <xsl:template match="h:sup" mode="narrative"><sup><xsl:apply-templates select="node()" mode="narrative"/></sup></xsl:template>
  <xsl:template match="h:footnote" mode="narrative">
    <small><xsl:apply-templates select="@ID | node()" mode="narrative"/></small>
  </xsl:template>

  <xsl:template match="h:list" mode="narrative">
    <xsl:apply-templates select="h:caption" mode="heading"/>
    <ul>
      <xsl:apply-templates select="@ID" mode="narrative"/>
      <xsl:apply-templates select="h:item" mode="narrative"/>
    </ul>
  </xsl:template>
  <xsl:template match="h:list[@listType = 'ordered']" mode="narrative">
    <xsl:apply-templates select="h:caption" mode="heading"/>
    <ol>
      <xsl:apply-templates select="@ID" mode="narrative"/>
      <xsl:apply-templates select="h:item" mode="narrative"/>
    </ol>
  </xsl:template>
  <xsl:template match="h:item" mode="narrative">
    <li><xsl:apply-templates select="@ID | node()" mode="narrative"/></li>
  </xsl:template>
  <xsl:template match="h:caption" mode="heading">
    <p class="subheading"><xsl:apply-templates select="@ID | node()" mode="narrative"/></p>
  </xsl:template>
  <xsl:template match="h:caption" mode="narrative">
    <b><xsl:apply-templates select="@ID | node()" mode="narrative"/></b><xsl:text> </xsl:text>
  </xsl:template>

  <xsl:template match="h:table" mode="narrative">
    <table>
      <xsl:apply-templates select="@ID" mode="narrative"/>
      <xsl:if test="h:caption"><caption><xsl:apply-templates select="h:caption/node()" mode="narrative"/></caption></xsl:if>
      <xsl:apply-templates select="h:thead" mode="narrative"/>
      <xsl:apply-templates select="h:tbody | h:tr" mode="narrative"/>
      <xsl:apply-templates select="h:tfoot" mode="narrative"/>
    </table>
  </xsl:template>
  <xsl:template match="h:thead | h:tbody | h:tfoot" mode="narrative">
    <xsl:element name="{local-name()}"><xsl:apply-templates select="@ID | h:tr" mode="narrative"/></xsl:element>
  </xsl:template>
  <xsl:template match="h:tr" mode="narrative">
    <tr><xsl:apply-templates select="@ID | h:td | h:th" mode="narrative"/></tr>
  </xsl:template>
  <xsl:template match="h:td" mode="narrative">
    <td><xsl:apply-templates select="@ID | @colspan | @rowspan | @styleCode | node()" mode="narrative"/></td>
  </xsl:template>
  <xsl:template match="h:th" mode="narrative">
    <th>
      <xsl:attribute name="scope">
        <xsl:choose>
          <xsl:when test="ancestor::h:thead">col</xsl:when>
          <xsl:when test="not(../h:td) and not(ancestor::h:table[1]/h:thead)">col</xsl:when>
          <xsl:otherwise>row</xsl:otherwise>
        </xsl:choose>
      </xsl:attribute>
      <xsl:apply-templates select="@ID | @colspan | @rowspan | @styleCode | node()" mode="narrative"/>
    </th>
  </xsl:template>

  <xsl:template match="h:linkHtml" mode="narrative">
    <xsl:variable name="to" select="normalize-space(@href)"/>
    <xsl:choose>
      <xsl:when test="starts-with($to, '#')">
        <a href="#n-{substring($to, 2)}"><xsl:apply-templates select="@ID | node()" mode="narrative"/></a>
      </xsl:when>
      <xsl:when test="starts-with($to, 'https://') or starts-with($to, 'http://') or starts-with($to, 'mailto:')">
        <a href="{$to}" rel="noopener noreferrer nofollow">
          <xsl:apply-templates select="@ID | node()" mode="narrative"/>
        </a>
      </xsl:when>
      <xsl:otherwise><xsl:apply-templates select="node()" mode="narrative"/></xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- several objects may be named at once, apart by spaces -->
  <xsl:template match="h:renderMultiMedia" mode="narrative">
    <xsl:call-template name="objects">
      <xsl:with-param name="names" select="normalize-space(@referencedObject)"/>
      <xsl:with-param name="words" select="normalize-space(h:caption)"/>
    </xsl:call-template>
  </xsl:template>
  <xsl:template name="objects">
    <xsl:param name="names"/>
    <xsl:param name="words"/>
    <xsl:variable name="name" select="substring-before(concat($names, ' '), ' ')"/>
    <xsl:if test="$name">
      <xsl:apply-templates select="key('media', $name)[1]" mode="object"><xsl:with-param name="words" select="$words"/></xsl:apply-templates>
      <xsl:call-template name="objects">
        <xsl:with-param name="names" select="substring-after($names, ' ')"/>
        <xsl:with-param name="words" select="$words"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>
  <xsl:template match="h:observationMedia" mode="object">
    <xsl:param name="words"/>
    <xsl:variable name="type" select="h:value/@mediaType"/>
    <xsl:variable name="data" select="translate(h:value/text(), $spaces, '')"/>
    <xsl:choose>
      <xsl:when test="h:value/@representation = 'B64' and contains($pictures, concat(' ', $type, ' '))">
        <img src="data:{$type};base64,{$data}" alt="{$words}"/>
      </xsl:when>
      <xsl:when test="h:value/@representation = 'B64' and $type = 'application/pdf'">
        <a download="{@ID}.pdf" href="data:application/pdf;base64,{$data}">
          <xsl:choose><xsl:when test="$words"><xsl:value-of select="$words"/></xsl:when><xsl:otherwise>Pièce jointe</xsl:otherwise></xsl:choose>
          <xsl:text> (PDF)</xsl:text>
        </a>
      </xsl:when>
      <xsl:otherwise>
        <span class="note">[pièce jointe de type <xsl:value-of select="$type"/>, non affichée]</span>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>
</xsl:stylesheet>
