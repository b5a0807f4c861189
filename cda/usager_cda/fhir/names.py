"""The addresses of the extensions that carry what R4 has no element for."""

from usager_cda.systems import EXTENSIONS, FR_CORE, FR_CORE_EXTENSIONS

# R5 has the element: the standard name of an R5 element in R4.
VERSION = "http://hl7.org/fhir/5.0/StructureDefinition/extension-DocumentReference.version"

PARTICIPATION = f"{EXTENSIONS}/document-participation"
ACT = f"{EXTENSIONS}/document-act"
PARENT_SET = f"{EXTENSIONS}/document-set"
DISPUTED = f"{EXTENSIONS}/disputed-identifier"
FINDING = f"{EXTENSIONS}/cda-finding"

BIRTH_PLACE = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
BIRTH_GIVEN_NAMES = f"{FR_CORE_EXTENSIONS}/fr-core-patient-birth-list-given-name"
RELIABILITY = f"{FR_CORE_EXTENSIONS}/fr-core-identity-reliability"
IDENTITY_STATUSES = f"{FR_CORE}/CodeSystem/fr-core-cs-identity-status"
FR_CORE_PATIENT = f"{FR_CORE_EXTENSIONS}/fr-core-patient"
CONTACT_ROLES = "https://mos.esante.gouv.fr/NOS/TRE_R260-HL7RoleClass/FHIR/TRE-R260-HL7RoleClass"
