"""The paths beside FHIR."""

from typing import Any

OBJECT = {"application/json": {"schema": {"type": "object"}}}


def _page(identifier: str, summary: str, answers: dict[str, Any]) -> dict[str, Any]:
    return {
        "get": {"operationId": identifier, "summary": summary, "tags": ["Server"], "security": [], "responses": answers}
    }


PAGES: dict[str, Any] = {
    "/health": _page("health", "Say that the process lives.", {"200": {"description": "It lives", "content": OBJECT}}),
    "/ready": _page(
        "ready",
        "Say whether requests can be served.",
        {
            "200": {"description": "They can", "content": OBJECT},
            "503": {"description": "They cannot; the reason is given", "content": OBJECT},
        },
    ),
    "/version": _page("version", "Say which version this is.", {"200": {"description": "It", "content": OBJECT}}),
    "/requirements": _page(
        "requirements",
        "Say where each requirement of the active profiles stands: JSON, or a page for a browser.",
        {
            "200": {
                "description": "The requirements",
                "content": {**OBJECT, "text/html": {"schema": {"type": "string"}}},
            }
        },
    ),
    "/metrics": _page(
        "metrics",
        "Return the counts and times of all interactions, for Prometheus.",
        {"200": {"description": "Prometheus text", "content": {"text/plain": {"schema": {"type": "string"}}}}},
    ),
    "/openapi.json": _page(
        "openapi", "Return this document.", {"200": {"description": "OpenAPI 3.1", "content": OBJECT}}
    ),
}
