"""What does the operations around INSi."""

from usager_server.national.insi.accept_operation import accept
from usager_server.national.insi.calling import Calling
from usager_server.national.insi.proxy_operations import ProxyOperations
from usager_server.national.insi.search_operation import Searching
from usager_server.national.insi.verifications_operation import verifications
from usager_server.national.insi.verify_operation import Verifying
from usager_server.national.insi.vitale_app_operation import read_vitale_app


class Handlers:
    """The handlers, with one way to INSi."""

    def __init__(self) -> None:
        calling = Calling()
        proxy = ProxyOperations(calling)
        self.search = Searching(calling).search
        self.verify = Verifying(calling).verify
        self.accept = accept
        self.read_vitale_app = read_vitale_app
        self.verifications = verifications
        self.connect, self.disconnect = proxy.connect, proxy.disconnect
