"""The OperationDefinitions around INSi: all that a start needs of this room."""

from usager_server.operations.definition import operation_definition, parameter

MOST_SHOWN = 100

NATIONAL_ID = parameter(
    "nationalId", "string", "The professional in whose name a client without person calls, without a certificate"
)

OUT = [
    parameter("code", "code", "00 found, 01 nobody, 02 several", use="out", least=1),
    parameter("message", "string", "What that means, in French, for the person", use="out", least=1),
    parameter("advice", "string", "What to try, in French, the most likely first", use="out", most="*"),
    {
        **parameter("attempt", "BackboneElement", "One call that was made", use="out", most="*"),
        "part": [
            parameter("givenName", "string", "The given names that were asked by", use="out", least=1),
            parameter("withPlace", "boolean", "Whether the place of birth was told", use="out", least=1),
            parameter("code", "code", "What it was answered with", use="out", least=1),
        ],
    },
    parameter("version", "string", "The version of the Patient that was compared", use="out"),
    parameter("answer", "string", "The name of the answer, for $ins-accept", use="out"),
    parameter("expires", "instant", "Until when it may be accepted", use="out"),
    parameter("matricule", "Identifier", "The matricule, with the OID that says of which kind", use="out"),
    {
        **parameter("comparison", "BackboneElement", "One trait, side by side", use="out", most="*"),
        "part": [
            parameter("trait", "code", "Its name", use="out", least=1),
            parameter("local", "string", "What is known here", use="out"),
            parameter("received", "string", "What INSi says", use="out"),
            parameter("verdict", "code", "concordant | different | absent", use="out", least=1),
        ],
    },
    parameter(
        "birthPlaceLabelNeeded", "boolean", "Whether the place is unknown here and must be named by hand", use="out"
    ),
]

SEARCH = operation_definition(
    "ins-search",
    "Asks INSi who somebody is: by the traits of a Patient, by traits that are given, or by what a carte Vitale "
    "says. The place of birth is not told at first; when several people agree it is, silently; when nobody does, "
    "the other given names are tried. The answer is compared trait by trait and kept for 24 hours: nothing of the "
    "Patient is changed before $ins-accept.",
    levels=["type", "instance"],
    resource=["Patient"],
    affects_state=True,
    parameters=[
        parameter("birthName", "string", "Nom de naissance"),
        parameter("givenName", "string", "Premier prénom de naissance"),
        parameter("givenNames", "string", "Liste des prénoms de naissance, separated by spaces"),
        parameter("gender", "code", "male | female"),
        parameter("birthDate", "string", "YYYY-MM-DD; on a card it may be lunar"),
        parameter("birthPlace", "code", "Code of the COG"),
        parameter("cardInsuredNumber", "string", "Number of the insured person on a carte Vitale, 15 characters"),
        parameter("cardOwnNumber", "string", "Number of the person themselves, when the card has it"),
        parameter("cardBirthRank", "positiveInt", "Rang de naissance on the card"),
        NATIONAL_ID,
        *OUT,
    ],
)

VITALE_APP = operation_definition(
    "vitale-app-read",
    "Takes what the reader that settings name has read in an Appli carte Vitale, compares it trait by trait with a "
    "Patient, and keeps it for 24 hours: $ins-accept makes it the identity, qualified without a call to INSi.",
    levels=["type", "instance"],
    resource=["Patient"],
    affects_state=True,
    parameters=[
        parameter("matricule", "Identifier", "The matricule, with the OID that says of which kind", least=1),
        parameter("birthName", "string", "Nom de naissance", least=1),
        parameter("givenNames", "string", "Liste des prénoms de naissance, separated by spaces", least=1),
        parameter("givenName", "string", "Premier prénom de naissance, when it has several words"),
        parameter("gender", "code", "male | female", least=1),
        parameter("birthDate", "string", "YYYY-MM-DD; it may be lunar", least=1),
        parameter("birthPlace", "code", "Code of the COG"),
        *(it for it in OUT if it["name"] not in ("code", "message", "advice", "attempt")),
    ],
)

VERIFY = operation_definition(
    "ins-verify",
    "Asks INSi whether the matricule and the traits of a Patient still go together. If not, INSi is searched by "
    "the local traits: the answer is compared, and kept for $ins-accept. The status follows at once; traits are "
    "never overwritten.",
    levels=["instance"],
    resource=["Patient"],
    affects_state=True,
    parameters=[
        NATIONAL_ID,
        parameter("verified", "boolean", "Whether INSi confirms the identity", use="out", least=1),
        parameter("status", "code", "provisoire | recuperee | validee | qualifiee, after it", use="out", least=1),
        parameter("statement", "string", "What that means, in French", use="out", least=1),
        parameter("code", "code", "Of the search that followed: 00, 01, 02, unaskable", use="out"),
        parameter("message", "string", "What that means, in French", use="out"),
        *(it for it in OUT if it["name"] not in ("code", "message")),
    ],
)

ACCEPT = operation_definition(
    "ins-accept",
    "Accepts an answer of INSi that $ins-search or $ins-verify gave: its traits and its matricule become those "
    "of the Patient, if that is still at the version which was compared. Without a Patient, one is created. An "
    "answer is accepted once.",
    levels=["type", "instance"],
    resource=["Patient"],
    affects_state=True,
    parameters=[
        parameter("answer", "string", "The name of the answer", least=1),
        parameter("birthPlaceLabel", "string", "The name of a place of birth that is unknown here"),
        parameter("return", "Patient", "The Patient, at its new version", use="out", least=1),
    ],
)

VERIFICATIONS = operation_definition(
    "ins-verifications",
    "Tells how far the verification of identities is, which usager worker does by itself: whose time has come, "
    "who is being asked about, whose answer was lost.",
    levels=["system"],
    parameters=[
        parameter("on", "date", "The day to look at; today"),
        parameter("due", "integer", "How many wait whose time has come", use="out", least=1),
        parameter("later", "integer", "How many wait for their time", use="out", least=1),
        parameter("asked", "integer", "About how many INSi is being asked", use="out", least=1),
        parameter("unanswered", "integer", "How many have lost their answer: a Task says so", use="out", least=1),
        parameter("inLot", "integer", "How many are in a batch", use="out", least=1),
        parameter("toSearch", "integer", "How many INSi did not confirm, and are searched", use="out", least=1),
        parameter("next", "instant", "When the next time comes, or came", use="out"),
        {
            **parameter("person", "BackboneElement", f"Who, {MOST_SHOWN} at most", use="out", most="*"),
            "part": [
                parameter("patient", "Reference", "The Patient", use="out", least=1),
                parameter("state", "code", "due | unanswered | inLot | asked | toSearch", use="out", least=1),
            ],
        },
        {
            **parameter("refusedLot", "BackboneElement", "A batch that INSi refuses as a whole", use="out", most="*"),
            "part": [
                parameter("id", "string", "The id under which it is handed in", use="out", least=1),
                parameter("people", "integer", "How many are in it", use="out", least=1),
                parameter("refusals", "integer", "How often in a row it was refused", use="out", least=1),
                parameter("code", "string", "What INSi said last: its codes, or what was wrong", use="out", least=1),
                parameter("again", "instant", "When it is tried again", use="out", least=1),
            ],
        },
    ],
)

CONNECT = operation_definition(
    "proxy-connect",
    "Opens a session of a professional at the Proxy e-santé, by CIBA: they agree on their device (e-CPS) or with "
    "their card. National services are then called in their name. Answers once they have, 150 s at most.",
    levels=["system"],
    affects_state=True,
    parameters=[
        parameter("bindingMessage", "string", "What to show them here, as they see it on their device", least=1),
        parameter("channel", "code", "MOBILE | CARD: MOBILE unless it says otherwise"),
        NATIONAL_ID,
        parameter("until", "instant", "When the session ends at the latest", use="out", least=1),
    ],
)

DISCONNECT = operation_definition(
    "proxy-disconnect",
    "Ends the session of a professional at the Proxy e-santé.",
    levels=["system"],
    affects_state=True,
    parameters=[NATIONAL_ID, parameter("ended", "boolean", "Whether there was one", use="out", least=1)],
)
