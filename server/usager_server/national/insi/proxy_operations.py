"""$proxy-connect, $proxy-disconnect: a professional signs in, so that national services are called in their name."""

from datetime import UTC, datetime
from typing import Literal

from usager_server.errors import LoginRequired, ServiceDown, ServiceRefused, Unavailable, Unprocessable
from usager_server.interactions.session import OperationRequest, Reply, Session, instant_text
from usager_server.national.insi.calling import Calling, national_id_of, owner_of
from usager_server.national.insi.proxy_sessions import LIVES, ProxySessions
from usager_server.operations.parameters import given, parameters, part, text_of
from usager_server.requirements import fulfils

NO_PROXY = "Aucun Proxy e-santé n'est configuré : docs/ins.md dit quels réglages il demande"
DOWN = "Le Proxy e-santé ou Pro Santé Connect ne répond pas : réessayez dans un instant"
REFUSED = "La connexion à Pro Santé Connect n'a pas abouti : recommencez"


class ProxyOperations:
    """Both operations."""

    def __init__(self, calling: Calling) -> None:
        self._calling = calling

    @fulfils("SC.INS/PSC.50")
    async def connect(self, session: Session, request: OperationRequest) -> Reply:
        """Open a session at the proxy for the professional who calls, or the one that a client without person names.

        Time    until the professional has agreed on their device: 150 s at most.
        Errors  LoginRequired (401) when they do not; Unavailable (503) when the proxy does not answer.
        """
        from usager_server.national.proxy.client import SignInNeeded  # its HTTP client is long to import

        teleservice = self._calling.teleservice(session)
        if not teleservice.has_proxy:
            raise Unavailable(NO_PROXY, code="not-supported")
        national_id, message = await national_id_of(session, request), text_of(request, "bindingMessage")
        if not 1 <= len(message) <= 8 or not message.isalnum():
            raise Unprocessable("bindingMessage a 1 à 8 chiffres ou lettres", "bindingMessage", code="value")
        channel: Literal["CARD", "MOBILE"] = "CARD" if given(request, "channel") == "CARD" else "MOBILE"
        try:
            async with teleservice.proxy() as proxy:
                opened = await proxy.connect(national_id, message, channel)
        except ServiceDown as error:
            raise Unavailable(DOWN) from error
        except SignInNeeded as error:
            raise LoginRequired(REFUSED) from error
        except ServiceRefused as error:
            raise Unprocessable(f"{REFUSED} ({error})", code="business-rule") from error
        now = datetime.now(UTC)
        async with session.transaction() as inner:
            sessions = ProxySessions(session.house.settings)
            await sessions.put(inner.repository.runner, now, owner_of(session), national_id, opened)
        return Reply(resource=parameters(part("until", valueInstant=instant_text(now + LIVES))))

    async def disconnect(self, session: Session, request: OperationRequest) -> Reply:
        """End that session, here and at the proxy; one that has ended already is no error."""
        teleservice = self._calling.teleservice(session)
        national_id, sessions = await national_id_of(session, request), ProxySessions(session.house.settings)
        async with session.transaction() as inner:
            runner = inner.repository.runner
            found = await sessions.forget(runner, datetime.now(UTC), owner_of(session), national_id)
        if found is not None and teleservice.has_proxy:
            try:
                async with teleservice.proxy() as proxy:
                    await proxy.disconnect(found)
            except (ServiceDown, ServiceRefused) as error:
                raise Unavailable(f"{DOWN} : la session est oubliée ici, elle y finira d'elle-même") from error
        return Reply(resource=parameters(part("ended", valueBoolean=found is not None)))
