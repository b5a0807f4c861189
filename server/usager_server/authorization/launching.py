"""A record opens an application: what it is working on, under a word used once. Source: SMART, EHR launch."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from usager_server.authorization.authenticating import Authentication
from usager_server.authorization.clients import tenant_of
from usager_server.authorization.errors import OAuthError
from usager_server.authorization.limits import LAUNCH_SECONDS
from usager_server.authorization.memory import Memories
from usager_server.authorization.scopes import LAUNCH
from usager_server.authorization.signed_in import Person
from usager_server.authorization.words import digest_of, make_word


async def make_launch(
    memories: Memories, authentication: Authentication, person: Person, client_id: str, context: Mapping[str, str]
) -> str:
    """Return the word to open an application with: good once, for this person and LAUNCH_SECONDS.

    Shape   context names what the record has open (patient, encounter), which the caller may read: look before.
    Errors  OAuthError invalid_request when there is no such application, or none that is opened this way.
    """
    if tenant_of(client_id) != person.tenant:
        raise OAuthError("invalid_request", "client_id is no application of this organisation")
    try:
        client = await authentication.registered(client_id)
    except OAuthError as error:
        raise OAuthError("invalid_request", "client_id is no application of this organisation") from error
    if LAUNCH not in client.scope.split():
        raise OAuthError("invalid_request", "this application is not registered with the scope launch")
    word = make_word(person.tenant)
    until = datetime.now(UTC) + timedelta(seconds=LAUNCH_SECONDS)
    await memories(person.tenant).add_launch(digest_of(word), client_id, person.account, context, until)
    return word
