"""The addresses and codes with which FR Core, and this server where FR Core has no place, write an identity."""

FR_CORE = "https://hl7.fr/ig/fhir/core"
OURS = "https://usager.example/fhir/StructureDefinition"

PATIENT = f"{FR_CORE}/StructureDefinition/fr-core-patient"
PATIENT_INS = f"{FR_CORE}/StructureDefinition/fr-core-patient-ins"
RELIABILITY = f"{FR_CORE}/StructureDefinition/fr-core-identity-reliability"
BIRTH_GIVEN_NAMES = f"{FR_CORE}/StructureDefinition/fr-core-patient-birth-list-given-name"
INSEE_CODE = f"{FR_CORE}/StructureDefinition/fr-core-address-insee-code"
BIRTH_PLACE = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"

STATUSES = f"{FR_CORE}/CodeSystem/fr-core-cs-identity-status"
STATUS_COMMENTS = f"{FR_CORE}/CodeSystem/fr-core-cs-identity-status-comment"
STATUSES_2_1 = f"{FR_CORE}/CodeSystem/fr-core-cs-v2-0445"
METHODS = f"{FR_CORE}/CodeSystem/fr-core-cs-identity-method-collection"
DEVICES = f"{FR_CORE}/CodeSystem/fr-core-cs-mode-validation-identity"
IDENTIFIER_TYPES = f"{FR_CORE}/CodeSystem/fr-core-cs-v2-0203"

# What FR Core has no place for: where an identity that comes from INSi comes from, what happened to it last, and what
# to do next; written by the server alone.
EVIDENCE = f"{OURS}/identity-evidence"
# On birthDate: the day was completed by the rules for unknown days and months, it is not that of the civil registry.
ESTIMATED = f"{OURS}/birth-date-estimated"
# On birthDate: what a front end knows of it when FHIR has no date for that, 1942-00-15; it is never stored.
KNOWN = f"{OURS}/birth-date-known"
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"

# Where the status stands, for who is told that it is wrong.
STATUS_PLACE = f"Patient.extension('{RELIABILITY}').extension('identityStatus')"
