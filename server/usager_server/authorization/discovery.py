"""What the authorization server says of itself. Source: SMART App Launch 2.2, RFC 8414, OpenID Connect Discovery."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from usager_server.authorization.clients import ADMINISTRATION, GRANT_TYPES, METHODS
from usager_server.authorization.keys import ALGORITHM
from usager_server.authorization.scopes import FOR_PEOPLE

CAPABILITIES = (
    "launch-standalone",
    "launch-ehr",
    "authorize-post",
    "client-public",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-standalone-patient",
    "context-ehr-patient",
    "context-ehr-encounter",
    "permission-offline",
    "permission-online",
    "permission-patient",
    "permission-user",
    "permission-v1",
    "permission-v2",
)
SERVICE = {
    "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
    "code": "SMART-on-FHIR",
}
OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where things are: base is that of FHIR, and the issuer; the rest stands beside it, under /oauth."""

    base: str

    def at(self, name: str) -> str:
        """Return the address of an endpoint."""
        return f"{self.base.removesuffix('/fhir')}/oauth/{name}"


def configuration(addresses: Addresses, *, binds_certificates: bool) -> Mapping[str, Any]:
    """Return the document of `.well-known/smart-configuration` and of its OpenID twin: all that is there, no more."""
    return {
        "issuer": addresses.base,
        "jwks_uri": addresses.at("jwks"),
        "authorization_endpoint": addresses.at("authorize"),
        "token_endpoint": addresses.at("token"),
        "introspection_endpoint": addresses.at("introspect"),
        "revocation_endpoint": addresses.at("revoke"),
        "grant_types_supported": list(GRANT_TYPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "scopes_supported": [*FOR_PEOPLE, "patient/*.cruds", "user/*.cruds", "system/*.cruds", ADMINISTRATION],
        "capabilities": list(CAPABILITIES),
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": list(METHODS),
        "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        "introspection_endpoint_auth_methods_supported": ["private_key_jwt"],
        "introspection_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        "revocation_endpoint_auth_methods_supported": list(METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "subject_types_supported": ["public"],
        "claims_supported": ["sub", "fhirUser", "auth_time", "acr", "sid", "nonce"],
        "prompt_values_supported": ["none", "consent"],
        "authorization_response_iss_parameter_supported": True,
        "tls_client_certificate_bound_access_tokens": binds_certificates,
    }


def security(addresses: Addresses) -> Mapping[str, Any]:
    """Return what the CapabilityStatement says of it: CapabilityStatement.rest.security."""
    uris = {"authorize": "authorize", "token": "token", "introspect": "introspect", "revoke": "revoke"}
    return {
        "extension": [
            {
                "url": OAUTH_URIS,
                "extension": [{"url": url, "valueUri": addresses.at(name)} for url, name in uris.items()],
            }
        ],
        "service": [{"coding": [SERVICE]}],
        "description": "SMART App Launch 2.2; see .well-known/smart-configuration.",
    }
